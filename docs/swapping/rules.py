"""What limiterd decides with, without a socket or a clock: rates, budgets, slots, and where a model is.

Written from docs/PROTOCOL.md ("How limiterd decides") and docs/MODELS.md.  Times are milliseconds: `now` of a clock
that nobody sets, `wall` since the epoch.
"""

import collections
import datetime
import json

UNIT = 60000  # a request or a token, in the unit of a bucket's level: what N per minute gain in a millisecond is N
REQUESTS, TOKENS, CONCURRENCY, BUDGET, SLOTS, MODEL, GRANT, UNAVAILABLE = range(8)
RETRY_MS = 1000  # said where the time cannot be known
DAY_MS = 86400000

# Routes that cost tokens and take a slot, and those that name no model; those of Ollama's API, and of Anthropic's.
COSTING = {0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19}
NAMELESS = {3, 21, 22, 23}
OLLAMAS, ANTHROPICS, LIST = set(range(16, 24)), {14, 15}, 3
LAST_ROUTE = 23
NEWS_MAX = 128  # upstreams of which something is known

Denied = collections.namedtuple("Denied", "reason retry limit used requested")


class Bucket:
    """A rate per minute.  It may owe."""

    def __init__(self):
        self.limit = self.level = self.at = 0

    def refill(self, now):
        self.level = min(self.limit * UNIT, self.level + (now - self.at) * self.limit)
        self.at = now

    def set_limit(self, limit, now):
        if limit != self.limit:
            self.refill(now)
            used = self.limit * UNIT - self.level
            self.level = max(limit * UNIT - used, min(self.level, 0)) if limit else 0
            self.limit, self.at = limit, now

    def take(self, cost, now):
        if self.limit:
            self.refill(now)
            self.level = min(self.limit * UNIT, self.level - cost * UNIT)

    def refusal(self, reason, cost, now):
        """None when the cost is allowed."""
        if not self.limit:
            return None
        self.refill(now)
        missing = cost * UNIT - self.level
        if missing <= 0:
            return None
        retry = 0 if cost > self.limit else -(-missing // self.limit)
        return Denied(reason, retry, self.limit, self.limit - self.shown(now)[1], cost)

    def shown(self, now):
        """Its level, as it is told: limit, remaining, ms until full."""
        if not self.limit:
            return 0, 0, 0
        self.refill(now)
        missing = self.limit * UNIT - self.level
        return self.limit, max(self.level, 0) // UNIT, -(-missing // self.limit)


class Budget:
    """Tokens in a UTC day or month."""

    def __init__(self):
        self.period = self.limit = self.used = self.reserved = self.start = self.end = self.latest_end = 0
        self.known = False  # what was used before somebody began to count

    def set(self, period, limit, wall):
        self.limit = limit
        if period != self.period:
            self.period, self.known, self.latest_end = period, False, 0
            self.begin(wall)

    def begin(self, wall):
        day = datetime.datetime.fromtimestamp(wall // 1000, datetime.timezone.utc)
        first = day.replace(day=1 if self.period == 2 else day.day, hour=0, minute=0, second=0)
        days = 1 if self.period == 1 else ((first + datetime.timedelta(days=31)).replace(day=1) - first).days
        self.start = int(first.timestamp()) * 1000
        self.end, self.used = self.start + days * DAY_MS, 0
        self.known = self.known and self.end > self.latest_end  # a clock that was set back comes to one again
        self.latest_end = max(self.latest_end, self.end)

    def roll(self, wall):
        if self.period and not self.start <= wall < self.end:
            self.begin(wall)

    def refusal(self, cost):
        if not self.period or not cost or self.used + self.reserved + cost <= self.limit:
            return None
        return Denied(BUDGET, 0, self.limit, self.used + self.reserved, cost)


class Account:
    """All that is counted of one key."""

    def __init__(self, key_id):
        self.key_id, self.key_name = key_id, ""
        self.generation = self.running = self.concurrency = self.question = 0
        self.requests, self.tokens, self.budget = Bucket(), Bucket(), Budget()

    def follow(self, grant, now, wall):
        self.key_name = grant["key_name"]
        if grant["generation"] >= self.generation:
            self.generation, self.concurrency = grant["generation"], grant["concurrency"]
            self.requests.set_limit(grant["rpm"], now)
            self.tokens.set_limit(grant["tpm"], now)
            self.budget.set(grant["period"], grant["budget"], wall)
        self.budget.roll(wall)

    def refusal(self, cost, now):
        """Asks every limit before any is touched."""
        crowded = self.concurrency and self.running >= self.concurrency
        return (
            self.requests.refusal(REQUESTS, 1, now)
            or (cost and self.tokens.refusal(TOKENS, cost, now))
            or (crowded and Denied(CONCURRENCY, RETRY_MS, self.concurrency, self.running, 1))
            or self.budget.refusal(cost)
        )

    def adopt(self, cost, now):
        self.running += 1
        self.tokens.take(cost, now)
        self.budget.reserved += cost

    def admit(self, cost, now):
        self.requests.take(1, now)
        self.adopt(cost, now)

    def settle(self, reserved, used, now, wall):
        self.running -= 1
        self.tokens.take(used - reserved, now)
        self.budget.roll(wall)
        self.budget.reserved -= reserved
        self.budget.used += used

    def give_back(self, reserved, now, wall):
        """As if it had never been admitted."""
        self.settle(reserved, 0, now, wall)
        self.requests.take(-1, now)

    def uncharge(self, used, now):
        self.tokens.take(-used, now)
        self.budget.used = max(0, self.budget.used - used)


class Pool:
    """The slots of one upstream, and a line for each key that waits for one."""

    def __init__(self, name):
        self.name = name
        self.slots = self.timeout = self.in_use = self.waiting = 0
        self.lines = collections.OrderedDict()  # key id -> those who wait, first come first; whose turn it is, first

    def has_room(self):
        return self.in_use < self.slots and not self.waiting

    def join(self, take, queue_max):
        """Who must leave for it, or None; False when the queue is full."""
        if not self.timeout:
            return False
        leaves = None
        line = self.lines.get(take.account.key_id, ())
        if self.waiting >= queue_max:
            longest = max(self.lines.values(), key=len)
            if len(longest) <= len(line) + 1:
                return False
            leaves = longest[-1]
            self.leave(leaves)
        self.lines.setdefault(take.account.key_id, []).append(take)
        self.waiting += 1
        return leaves

    def leave(self, take):
        line = self.lines[take.account.key_id]
        line.remove(take)
        self.waiting -= 1
        if not line:
            del self.lines[take.account.key_id]

    def next(self):
        """Who has a slot now, or None."""
        if not self.waiting or self.in_use >= self.slots:
            return None
        key_id, line = next(iter(self.lines.items()))
        self.lines.move_to_end(key_id)
        take = line[0]
        self.leave(take)
        self.in_use += 1
        return take

    def late(self, now):
        return [take for line in self.lines.values() for take in line if take.deadline <= now]


class Bad(Exception):
    """models.json cannot be used."""


class Models:
    """models.json, as far as limiterd has to do with it."""

    def __init__(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            self.upstreams, self.rows = document["upstreams"], document["models"]
            self.judge()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Bad("%s: %s" % (path, error)) from error
        self.credits = {name: [0] * len(self.targets(name)) for name in self.rows if "alias" not in self.rows[name]}

    def judge(self):
        for name in self.rows:
            if not self.row(name)[0]:
                raise Bad("models.%s.alias leads nowhere, or in a circle" % name)
        for row in self.rows.values():
            for target in [*row.get("targets", ()), *row.get("fallbacks", ())]:
                if target["upstream"] not in self.upstreams:
                    raise Bad("there is no upstream %s" % target["upstream"])

    def row(self, name):
        """The row that a name leads to, and what the model is called there; (None, ...) when there is none."""
        for _ in range(len(self.rows) + 1):
            found = name if name in self.rows else "*"
            row = self.rows.get(found)
            if not row or "alias" not in row:
                return (found if row else None), name
            name = row["alias"]
        return None, name

    def targets(self, row):
        return [*self.rows[row]["targets"], *self.rows[row].get("fallbacks", ())]

    def is_local(self, target):
        return self.upstreams[target["upstream"]].get("local", False)

    def offers(self, target, route):
        kind = self.upstreams[target["upstream"]]["kind"]
        if kind == "anthropic":
            return route in ANTHROPICS or route == LIST
        return kind == "ollama" or route not in OLLAMAS

    def find(self, lease):
        """Whether there is anything for the request of a lease."""
        if not lease["model"]:
            return lease["route"] in NAMELESS
        row = self.row(lease["model"])[0]
        return bool(row and allows(lease, lease["model"]) and self.near_enough(row, lease))

    def near_enough(self, row, lease):
        targets = self.targets(row)
        return [place for place, target in enumerate(targets) if self.is_local(target) or not lease["local_only"]]

    def may_move(self, lease, target, upstream):
        row = self.row(lease["model"])[0] if lease["upstream"] and allows(lease, lease["model"]) else None
        return (
            bool(row) and target in self.near_enough(row, lease) and self.targets(row)[target]["upstream"] == upstream
        )

    def choose(self, lease, pools, news):
        """The place of the target in its row, for a lease that needs a slot."""
        row, name = self.row(lease["model"])
        targets, near = self.targets(row), self.near_enough(row, lease)
        own = len(self.rows[row]["targets"])
        offering = [place for place in near if self.offers(targets[place], lease["route"])]
        left = [place for place in offering if not targets[place].get("drain")]
        if row == "*" and len(left) > 1:
            left = news.those_with(left, targets, name)
        able = [place for place in left if news.is_available(targets[place]["upstream"])]
        sharing = [place for place in able if place < own]
        if sharing:
            roomy = [place for place in sharing if pools[targets[place]["upstream"]].has_room()]
            return self.turn(row, targets, roomy or sharing)
        if able and "connect" in self.rows[row].get("fallback_on", ["connect"]):
            return able[0]
        return (left or offering or near)[0]

    def turn(self, row, targets, among):
        """Each gains its weight; who has most has the turn, and pays what all have gained."""
        credits = self.credits[row]
        for place in among:
            credits[place] += targets[place].get("weight", 1)
        best = max(among, key=lambda place: credits[place])
        credits[best] -= sum(targets[place].get("weight", 1) for place in among)
        return best


def allows(lease, model):
    """Whether the key may use the model."""
    return "\n" not in model and (not lease["models"] or model in lease["models"].split("\n"))


class News:
    """What proxyd has said of upstreams."""

    def __init__(self):
        self.known, self.unavailable, self.lists = set(), set(), {}

    def has_room(self, upstream):
        if len(self.known) < NEWS_MAX:
            self.known.add(upstream)
        return upstream in self.known

    def is_available(self, upstream):
        return upstream not in self.unavailable

    def those_with(self, places, targets, name):
        """Those that list the model, or else those that list nothing yet, or else all."""
        listing = []
        for place in places:
            called = targets[place].get("model", name)
            listed = self.lists.get(targets[place]["upstream"], ())
            if called in listed or called + ":latest" in listed:
                listing.append(place)
        unknown = [place for place in places if targets[place]["upstream"] not in self.lists]
        return listing or unknown or places
