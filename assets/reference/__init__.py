"""Dated, sourced facts as data files, and the one place that loads and checks them."""
