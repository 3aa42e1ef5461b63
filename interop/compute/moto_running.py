"""moto's server, whose jobs of AWS Batch run: each as a process of this machine, where moto itself wants Docker for it or runs nothing.

A job gets what moto keeps of it (the command of its definition, the environment of both) and what JOB_ENVIRONMENT has (the role of the
machine), and nothing of this process. What it prints goes to moto's own CloudWatch Logs. Argument: the port.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from moto.batch.models import JobStatus
from moto.batch_simple.models import BatchSimpleBackend
from moto.server import main

MACHINE = json.loads(os.environ.get("JOB_ENVIRONMENT", "{}"))
GROUP = "/aws/batch/job"
GRACE_SECONDS = 30


def begin(backend, include_start_attempt, job):
    backend.backend._jobs[job.job_id] = job
    threading.Thread(target=run, args=(job,), daemon=True).start()


def run(job):
    details = job._container_details()
    job.log_stream_name = job._stream_name
    job._log_backend.ensure_log_group(GROUP)
    job._log_backend.ensure_log_stream(GROUP, job.log_stream_name)
    folder = tempfile.mkdtemp(prefix="smallboat-container-")
    environment = {variable["name"]: variable["value"] for variable in details["environment"]}
    job.job_started_at = job.job_created_at.now()
    job._start_attempt()
    job.status = JobStatus.RUNNING
    process = subprocess.Popen(
        details["command"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, **MACHINE, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        bufsize=1,
    )
    threading.Thread(target=stop_when_told, args=(job, process), daemon=True).start()
    for line in process.stdout:
        event = {"timestamp": int(time.time() * 1000), "message": line.rstrip("\n")}
        job._log_backend.put_log_events(GROUP, job.log_stream_name, [event])
    code = process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    job.exit_code = code if code >= 0 else 128 - code
    # moto's description of a container has no exit code; AWS has it in the attempt as well.
    job.latest_attempt["container"]["exitCode"] = job.exit_code
    if job.exit_code != 0 and job.job_stopped_reason is None:
        job.job_stopped_reason = "Essential container in task exited"
    job._mark_stopped(success=job.exit_code == 0)


def stop_when_told(job, process):
    while process.poll() is None:
        time.sleep(0.1)
        if job.stop:
            process.terminate()
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            return


BatchSimpleBackend._mark_job_as_finished = begin
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
