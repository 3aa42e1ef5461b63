"""A flow of Metaflow that stores values at random, and what each should be read as: `python values_flow.py run --seed 5 --count 100`."""

import json

import values
from metaflow import FlowSpec, Parameter, step


class ValuesFlow(FlowSpec):
    seed = Parameter("seed", default=5)
    count = Parameter("count", default=100)

    @step
    def start(self):
        maker = values.Maker(self.seed)
        views = []
        for i in range(self.count):
            value = maker.value()
            setattr(self, f"v{i}", value)
            views.append(values.expected(value))
        self.views = json.dumps(views)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ValuesFlow()
