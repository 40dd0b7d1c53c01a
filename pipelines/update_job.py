"""The job that the sensor on landing asks for: one op around ``updating.update_home``.

Months are computed by runs of the monthly job inside it, so that Dagster knows each of them as a partition.
"""

# No `from __future__ import annotations`: Dagster reads the types of an op's arguments from the function itself.
import dagster as dg

from assets.wrapping import GciHome

UPDATE = "update_open_months"


def build() -> dg.JobDefinition:
    """``update_open_months`` lands what is new and computes every month that it concerns; what the sensor on landing asks for."""

    @dg.op(name="land_and_compute", description="Lands new files, computes open months with new data, and candidates of final ones.")
    def land_and_compute(context: dg.OpExecutionContext, gci_home: GciHome) -> None:
        from pipelines.updating import update_home  # it builds the definitions that hold this job

        done = update_home(gci_home.open())
        for item in done.landed:
            if item.status != "unchanged":
                context.log.info(f"{item.status} {item.feed}/{item.file}: {item.message_en}")
        for moved in done.candidates:
            words = "must be restated" if moved.significance.must else "below the threshold"
            context.log.warning(
                f"{moved.month} {moved.entity_id} is final (revision {moved.number}) and would say something else: {words}."
            )
        computed = [item.month for item in done.months if item.outcome == "computed"]
        context.add_output_metadata(
            {
                "landed": sum(item.status == "landed" for item in done.landed),
                "computed": ", ".join(computed) or "none",
                "candidates": len(done.candidates),
            }
        )

    @dg.job(name=UPDATE, executor_def=dg.in_process_executor)
    def update_open_months() -> None:
        land_and_compute()

    return update_open_months
