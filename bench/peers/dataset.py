"""Cart sessions to examples at the decision points, with a plain Python loop over rows in the order of time."""
import pickle
import sys

import duckdb

TOKEN = {"add": 2, "remove": 3, "purchase": 4, "detail": 5, "pageview": 6}
POINTS = (0, 2, 4, 6, 8, 10)
HISTORY = 200
db = duckdb.connect(sys.argv[1], read_only=True)
frame = db.sql("""
    select d.session_id_hash, d.server_timestamp, d.normalized_action
    from public.distinct_events d join public.session_stats s using (session_id_hash)
    where s.add_action_count > 0
    order by d.session_id_hash, d.server_timestamp, d.event_type, d.normalized_action, d.product_sku_hash, d.hashed_url
""").df()
sessions, current, last = [], [], None
for session, time, action in frame.itertuples(index=False):
    if session != last:
        current = []
        sessions.append(current)
        last = session
    current.append((time, TOKEN.get(action, 6)))
examples = []
for events in sessions:
    tokens = [token for _, token in events]
    if 2 not in tokens:
        continue
    first = tokens.index(2)
    for point in POINTS:
        cut = first + point + 1
        if cut > len(tokens) or 4 in tokens[:cut]:
            break
        examples.append((events[first][0], [0, *tokens[:cut][-HISTORY:]], int(4 in tokens[cut:]), point))
times = sorted({t for t, *_ in examples})
first_cut, second_cut = times[int(len(times) * 0.7)], times[int(len(times) * 0.8)]
parts = {
    "train": [e for e in examples if e[0] < first_cut],
    "validation": [e for e in examples if first_cut <= e[0] < second_cut],
    "test": [e for e in examples if e[0] >= second_cut],
}
with open(sys.argv[2], "wb") as file:
    pickle.dump({k: ([s for _, s, *_ in v], [y for _, _, y, _ in v]) for k, v in parts.items()}, file)
print({k: len(v) for k, v in parts.items()})
