/** The head of the file of a DAG: what all of them have. */
export const PRELUDE = `
import json
import shlex
from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable, Param, task, task_group


def raw(text):
    """A text that Jinja leaves as it is."""
    return "{% raw %}" + text + "{% endraw %}"


def schedule(cron, time_zone, assets):
    timetable = CronTriggerTimetable(cron, timezone=time_zone) if cron else None
    wanted = [Asset(name) for name in assets]
    if timetable and wanted:
        return AssetOrTimeSchedule(timetable=timetable, assets=wanted)
    return timetable or wanted or None


def parameters(schemas, required):
    made = {}
    for name, schema in schemas.items():
        said = {key: value for key, value in schema.items() if key != "default"}
        if "default" in schema:
            made[name] = Param(schema["default"], **said)
        elif name in required:
            made[name] = Param(**said)
        else:
            made[name] = Param(None, **{**said, "type": ["null", said["type"]]} if isinstance(said.get("type"), str) else said)
    return made


def piece(task_id, work, retries=0, delay=1, limit=None, index="", in_case=False, at_once=None, more=None, **rest):
    """One piece of the flow's work, as a command."""
    return BashOperator(
        task_id=task_id,
        bash_command=raw(" ".join(shlex.quote(part) for part in COMMAND)),
        env={
            **ENVIRONMENT,
            "SMALLBOAT_TASK": raw(json.dumps({**ORDER, "planned": work})),
            "SMALLBOAT_EXECUTION": "{{ run_id }}",
            "SMALLBOAT_INDEX": index,
            **(more or {}),
        },
        append_env=True,
        output_processor=json.loads,
        skip_on_exit_code=NOT_TAKEN,
        retries=retries,
        retry_delay=timedelta(seconds=delay),
        retry_exponential_backoff=True,
        execution_timeout=timedelta(seconds=limit) if limit else None,
        trigger_rule="none_failed",
        **({"max_active_tis_per_dagrun": at_once} if at_once else {}),
        **rest,
    )


@task(trigger_rule="none_failed")
def places(decided, region):
    """The places of a list, one for each element."""
    return ["," + str(place) for place in decided[region]]

`;
