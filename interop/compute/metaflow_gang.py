"""A flow with a gang that runs on AWS Batch, to see what Metaflow itself submits."""

from metaflow import FlowSpec, batch, environment, parallel, resources, step, timeout


class GangFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.meet, num_parallel=3)

    @batch
    @resources(cpu=2, gpu=1, memory=8000, shared_memory=256)
    @environment(vars={"COLOUR": "blue"})
    @timeout(seconds=600)
    @parallel
    @step
    def meet(self):
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    GangFlow()
