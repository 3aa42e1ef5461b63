"""A flow whose steps run on AWS Batch or Kubernetes, to see what Metaflow itself submits. Which: argument of --with."""

from metaflow import FlowSpec, environment, resources, step, timeout


class JobsFlow(FlowSpec):
    @resources(cpu=2, gpu=1, memory=8000, shared_memory=256)
    @environment(vars={"COLOUR": "blue"})
    @timeout(seconds=600)
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    JobsFlow()
