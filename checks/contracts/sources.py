"""Sets of columns that many tables are made from, as words of ``made_from`` (computed.py).

Only what several declarations share; what one table alone is made from stands beside it.
"""

from __future__ import annotations

# What of the registry makes readings of a meter into quantities, and quantities of a month.
CLOCK = "sites.timezone"
_NATURE = (
    "meters.medium,point,kind,unit,multiplier,register_digits,interval_minutes,interval_label,capacity,density_kg_per_l,"
    "no_value_codes,check_meter_of,valid_from,valid_to"
)
PARTS = "meter_parts.member,factor,valid_from,valid_to"
EVENTS = "meter_events.at,kind,old_value,new_value"
_READ = "meter_readings.read_at,value,quality"
BY_METER = f"{_READ} {_NATURE} {EVENTS} {PARTS} {CLOCK}"
OF_SITE = "meters.site_id meter_parts.member,valid_from,valid_to sites.site_id"
# On which side of a site, with which sign and when a meter counts (topology.py).
COUNTS = (
    "meters.medium,point,parent_meter_id,kind,check_meter_of,project_code,valid_from,valid_to "
    f"{PARTS} sites.timezone,pue_category,wue_category,storage"
)
HOURS = "staging/interval_energy.point,medium,hour_s,quantity,known_s,state,method,estimated"
# Which readings are a meter's in a month.
READ_AT = "meter_readings.read_at meters.valid_from,valid_to"
