"""What PROTOCOL.md says of limiterd.  It must have been started with tests/conform/models.json."""

import os

import document
import framing
import stamps
from document import rule

import tap

CHAT, MODELS = 0, 3
REASONS = ("requests", "tokens", "concurrency", "budget", "slots", "model", "grant", "unavailable")
DAY, MONTH = 1, 2
DAY_MS = 86400000


class Stage:
    """edge, proxyd and auditd around the limiterd that is judged, and a grant at hand."""

    def __init__(self, parties, secrets):
        self.parties = parties
        self.auditd = parties.link("limiterd-auditd")
        self.edge = parties.link("edge-limiterd")
        self.proxyd = parties.link("proxyd-limiterd")
        self.grant_key, self.lease_key = secrets.key("grant"), secrets.key("lease")

    def grant(self, **changes):
        return stamps.grant(self.grant_key, **changes)

    def take(self, grant, model="any", tokens=10, route=CHAT, **how):
        """Sends a TAKE and returns its id."""
        return self.edge.send("LIMIT_TAKE", grant, os.urandom(16), route, model, tokens, **how)

    def heard(self, number, since=0):
        """What was said to a TAKE: ("lease", fields of the answer and the lease), or (reason, fields)."""
        name, fields = self.edge.answer(number, since)
        if name == "LIMIT_LEASE":
            return "lease", {**fields, **stamps.read_lease(fields["sealed lease"])}
        if name == "LIMIT_DENY":
            return REASONS[fields["reason"]], fields
        return document.error_name(fields["error"]), fields

    def ask(self, grant, *what, **named):
        return self.heard(self.take(grant, *what, **named))

    def settle(self, lease, tokens=0, charged=True):
        return self.proxyd.ask("LIMIT_SETTLE", lease["sealed lease"], tokens, charged)[0]

    def move(self, lease, target, upstream):
        """The fields of the lease as it is then, or None when it stays."""
        name, fields = self.proxyd.ask("LIMIT_MOVE", lease["sealed lease"], target, upstream)
        assert name == "LIMIT_MOVED", name
        return fields["sealed lease"] and {**fields, **stamps.read_lease(fields["sealed lease"])} or None

    def pool(self, upstream, available=True):
        name, fields = self.proxyd.ask("LIMIT_UPSTREAM", upstream, available)
        assert name == "LIMIT_POOL", name
        return fields

    def in_use(self, upstream):
        return self.pool(upstream)["in use"]

    def await_waiting(self, upstream, count):
        framing.nngipc.until(framing.party.PATIENCE, lambda: self.pool(upstream)["callers waiting"] == count)


def judge(parties, secrets, _model):
    stage = Stage(parties, secrets)
    framing.judge_health(parties, stage.edge)
    for check in (
        leases,
        grants,
        models,
        in_flight,
        replays,
        rates,
        rates_of_tokens,
        concurrency,
        budgets,
        slots,
        turns,
        cancels,
        settlements,
        leases_of_too_much,
        keeps,
        news,
        too_much_news,
        offers,
        moves,
        links,
        taking_back,
    ):
        check(stage)


def is_answered(got, wanted, words, more=True):
    return tap.ok(got[0] == wanted and more, "%s (%s)" % (words, wanted)) or tap.diag(got)


# --- stamps ---


def leases(stage):
    grant = stage.grant(
        key_id="k1", key_name="laptop", models="other\nany", generation=7, images_in_one_request=4, KiB_of_all_of_them=9
    )
    number = stage.take(grant, tokens=123)
    name, lease = stage.heard(number)
    tap.is_(name, "lease", rule("edge sends LIMIT_TAKE; limiterd answers LIMIT_LEASE or LIMIT_DENY"))
    sealed = lease["sealed lease"]
    tap.ok(
        document.is_sealed(b"L", sealed, stage.lease_key),
        rule(
            "The seal is 32 bytes: BLAKE2b-256 (RFC 7693) keyed with "
            "the pairwise key (32 bytes) over one label byte (`G` or `L`) and the fields"
        ),
    )
    left = lease["expires"] - stamps.now_ms()
    tap.ok(0 < left <= 30000, rule("A stamp is inside its time when now < expires ≤ now + 30 s"))
    got = [
        lease[name]
        for name in (
            "key id",
            "key name",
            "models",
            "model",
            "route",
            "generation",
            "tokens reserved",
            "local upstreams only",
            "images in one request",
            "KiB of all of them",
        )
    ]
    tap.is_(
        got, ["k1", "laptop", "other\nany", "any", CHAT, 7, 123, 0, 4, 9], "the lease is of the grant and the request"
    )
    tap.ok(
        lease["upstream"] in ("many", "house"),
        rule("The upstream is that of the target, counted from 0 in the model's " "targets and then its fallbacks"),
    )
    tap.is_(stage.settle(lease, 10), "LIMIT_SETTLED", "and can be settled")
    name, free = stage.ask(stage.grant(), "", 50, MODELS)
    tap.is_(
        (name, free["upstream"], free["target"], free["tokens reserved"]),
        ("lease", "", 0, 0),
        rule("One that has none costs no tokens, asks no budget, takes no slot, and has no upstream in its lease"),
    )
    name, least = stage.ask(stage.grant(), tokens=0)
    tap.is_(
        least["tokens reserved"], 1, rule("A route that has tokens ([API.md](API.md)) costs its estimate, at least 1")
    )
    tap.ok(len({lease["lease id"], free["lease id"], least["lease id"]}) == 3, "no two leases have one id")


def grants(stage):
    words = rule("A grant that is not good is answered with LIMIT_DENY, not FAULT")
    for what, grant in [
        *stamps.forged(stamps.grant, stage.grant_key, [stage.lease_key]),
        *stamps.untimely(stamps.grant, stage.grant_key),
        ("a lease", stamps.lease(stage.lease_key)),
    ]:
        is_answered(stage.ask(grant), "grant", "%s: %s" % (words, what))
    good = stage.grant()
    bad = [stage.take(stamp) for stamp in stamps.altered(good)]
    answers = {stage.heard(number)[0] for number in bad}
    tap.is_(answers, {"grant"}, "%s: altered in %d ways" % (words, len(bad)))
    is_answered(stage.ask(good), "lease", "and the good one is honoured still")


def models(stage):
    words = rule(
        "none is reason 5, and so is a name that is not in the grant's list, or a row that has nothing local for a "
        "grant that is local only"
    )
    is_answered(stage.ask(stage.grant(models="a\nb"), "c"), "model", "%s: not in the list" % words)
    is_answered(stage.ask(stage.grant(models="ab"), "a"), "model", "%s: the beginning of one that is" % words)
    is_answered(stage.ask(stage.grant(local_upstreams_only=1), "single"), "model", "%s: not local" % words)
    name, lease = stage.ask(stage.grant(local_upstreams_only=1), "pair")
    tap.is_(
        (name, lease["upstream"], lease["target"]),
        ("lease", "house", 1),
        "what is local is for it, by its place in the row",
    )
    is_answered(
        stage.ask(stage.grant(models="nick"), "nick"), "lease", "an alias is judged by the name that was asked for"
    )
    stage.settle(stage.ask(stage.grant())[1])


def in_flight(stage):
    grant = stage.grant()
    numbers = [(1 << 50) + 7919 * i % 1000 for i in range(1000)]
    body = document.encode(document.MESSAGES["LIMIT_TAKE"].fields, [grant, bytes(16), MODELS, "", 0])
    frames = [framing.nngipc.frame(framing.number_of("LIMIT_TAKE"), number, body) for number in numbers]
    since = stage.edge.mark()
    for start in range(0, 1000, 100):
        stage.edge.pipe.send(b"".join(frames[start : start + 100]))
    stage.edge.catch_up()
    got = [number for number, _body in stage.edge.heard("LIMIT_LEASE", since)]
    words = rule("matches a reply to its request")
    tap.is_(sorted(got), sorted(numbers), "the id %s: a thousand at once, each answered once" % words)


def replays(stage):
    words = rule("A TAKE under the id of one that waits or was leased on this connection is REPLAYED")
    number = stage.take(stage.grant())
    _name, lease = stage.heard(number)
    since = stage.edge.mark()
    stage.take(stage.grant(), number=number)
    is_answered(stage.heard(number, since), "REPLAYED", words)
    stage.settle(lease)


# --- limits ---


def rates(stage):
    key = stamps.fresh_key()
    grant = stage.grant(key_id=key, requests_per_minute=3)
    answers = [stage.ask(grant) for _ in range(4)]
    words = rule("N per minute is a bucket of N that fills evenly, N in 60 s")
    tap.is_([name for name, _ in answers], ["lease"] * 3 + ["requests"], words)
    tap.is_([fields["requests remaining"] for _, fields in answers], [2, 1, 0, 0], "the level says what remains")
    denied = answers[3][1]
    tap.ok(0 < denied["retry after ms"] <= 20000, rule("For a rate, retry after is when it would be allowed"))
    tap.is_(
        (denied["limit"], denied["used"], denied["requested"]),
        (3, 3, 1),
        rule("Limit, used and requested are those of the limit that refused"),
    )
    tap.ok(
        0 < denied["requests ms until full"] <= 60000, rule("A *level* is u64 limit; u64 remaining; u32 ms until full")
    )
    tap.is_(
        [denied["tokens " + name] for name in ("limit", "remaining", "ms until full")],
        [0, 0, 0],
        rule("the level of a limit that is none is all zeros"),
    )
    stage.settle(answers[0][1], 1)
    is_answered(stage.ask(grant), "requests", "a settled request was one")
    stage.settle(answers[1][1], 0, charged=False)
    is_answered(stage.ask(grant), "lease", rule("A settlement that is not charged makes a lease one that never was"))
    later = stage.grant(key_id=key, requests_per_minute=5, generation=2)
    is_answered(stage.ask(later), "lease", rule("Of two grants of one key, the one of the later generation counts"))
    stage.ask(grant)
    tap.is_(stage.ask(grant)[1]["requests limit"], 5, "and the older one no more")


def rates_of_tokens(stage):
    grant = stage.grant(tokens_per_minute=1000)
    name, denied = stage.ask(grant, tokens=1001)
    tap.is_((name, denied["retry after ms"]), ("tokens", 0), rule("What costs more than N is never allowed"))
    name, lease = stage.ask(grant, tokens=900)
    tap.ok(
        name == "lease" and 100 <= lease["tokens remaining"] <= 300,
        "what is refused has used up nothing; an estimate is reserved",
    )
    name, denied = stage.ask(grant, tokens=500)
    tap.ok(name == "tokens" and denied["retry after ms"] > 0 and denied["requested"] == 500, "and missing to others")
    stage.settle(lease, 200)
    name, second = stage.ask(grant, tokens=700)
    is_answered((name, second), "lease", rule("Settling puts what was used in place of what was reserved"))
    stage.settle(second, 1500)
    name, denied = stage.ask(grant, tokens=1)
    tap.ok(name == "tokens" and denied["retry after ms"] > 30000, "%s" % rule("may leave a debt"))
    is_answered(stage.ask(grant, "", 0, MODELS), "lease", "what costs no tokens passes whatever is owed")


def concurrency(stage):
    grant = stage.grant(concurrency=2, requests_per_minute=100)
    held = [stage.ask(grant)[1] for _ in range(2)]
    name, denied = stage.ask(grant)
    tap.is_(
        (name, denied["limit"], denied["used"], denied["retry after ms"]),
        ("concurrency", 2, 2, 1000),
        rule("**Concurrency** counts leases that are not settled, and takes that wait for a slot"),
    )
    tap.is_(
        denied["requests remaining"],
        held[1]["requests remaining"],
        rule("Who is refused for one has used up nothing of the others"),
    )
    stage.settle(held[0])
    is_answered(stage.ask(grant), "lease", "one that is settled makes room")


# --- budgets ---


def usage(stage, tokens, since):
    """Answers the question about a key's usage."""
    _kind, number, body = stage.auditd.wait(lambda kind, *_: kind == framing.number_of("USAGE_ASK"), "USAGE_ASK", since)
    stage.auditd.send("USAGE_TOTAL", tokens, 5, number=number)
    return document.decode(document.MESSAGES["USAGE_ASK"].fields, body)


def budgets(stage):
    grant = stage.grant(budget=1000, period=DAY)
    since, heard = stage.auditd.mark(), stage.edge.mark()
    first, second = stage.take(grant, tokens=200), stage.take(grant, tokens=200)
    stage.edge.catch_up()
    early = [frame for frame in stage.edge.frames[heard:] if frame[1] in (first, second)]
    tap.is_(early, [], rule("takes of that key wait for the answer"))
    asked = usage(stage, 700, since)
    tap.ok(
        asked["since"] % DAY_MS == 0 and 0 <= stamps.now_ms() - asked["since"] < DAY_MS,
        rule("What was used before limiterd began to count it asks of auditd, with the beginning of the period"),
    )
    name, lease = stage.heard(first)
    is_answered(
        (name, lease),
        "lease",
        rule("Used, reserved and the cost together must be at most the budget of this UTC " "day or month"),
    )
    name, denied = stage.heard(second)
    tap.is_(
        (name, denied["limit"], denied["used"], denied["requested"], denied["retry after ms"]),
        ("budget", 1000, 900, 200, 0),
        "the next one is over it: what is used and reserved counts",
    )
    stage.settle(lease, 50)
    is_answered(stage.ask(grant, tokens=250), "lease", "settled by what was used: 750 and 250")
    is_answered(stage.ask(grant, tokens=1), "budget", "and no more")
    is_answered(stage.ask(grant, "", 0, MODELS), "lease", "what costs no tokens passes")
    tap.is_(len(stage.auditd.heard("USAGE_ASK", since)), 1, "auditd was asked once")
    unanswered = stage.take(stage.grant(budget=1000, period=MONTH))
    name, denied = stage.heard(unanswered)
    tap.is_((name, denied["retry after ms"]), ("unavailable", 1000), rule("and after 2 s are refused with reason 7"))


# --- slots ---


def slots(stage):
    grant = stage.grant()
    _name, holder = stage.ask(grant, "single")
    tap.is_(
        (holder["upstream"], stage.pool("one")["slots"], stage.in_use("one")),
        ("one", 1, 1),
        rule("hears in LIMIT_POOL how its slots stand"),
    )
    tap.is_(stage.pool("nobody's")["slots"], 0, rule("no slots at all: models.json does not name it"))
    waiter = stage.take(grant, "nick")
    stage.await_waiting("one", 1)
    since = stage.edge.mark()
    stage.take(grant, "single", number=waiter)
    is_answered(stage.heard(waiter, since), "REPLAYED", "the id of one that waits")
    since = stage.edge.mark()
    stage.settle(holder)
    name, lease = stage.heard(waiter, since)
    tap.ok(name == "lease" and lease["model"] == "nick", rule("at once or after a wait for a slot"))
    tap.is_(stage.pool("one")["callers waiting"], 0, "and waits no more")
    stage.settle(lease)
    _name, holder = stage.ask(grant, "brief")
    name, denied = stage.ask(grant, "brief")
    tap.is_(
        (name, denied["limit"], denied["used"], denied["requested"], denied["retry after ms"]),
        ("slots", 1, 1, 1, 1000),
        rule("waits in their turn for `acquire_timeout_ms`"),
    )
    stage.settle(holder)
    _name, holder = stage.ask(grant, "hasty")
    is_answered(stage.ask(grant, "hasty"), "slots", rule("unless that is 0"))
    stage.settle(holder)
    tap.is_([stage.in_use(name) for name in ("one", "brief", "hasty")], [0, 0, 0], "no slot is lost")


def turns(stage):
    greedy, modest = stage.grant(), stage.grant()
    _name, lease = stage.ask(greedy, "single")
    order = {}
    for place in range(3):
        order[stage.take(greedy, "single")] = "greedy %d" % place
        stage.await_waiting("one", place + 1)
    order[stage.take(modest, "single")] = "modest"
    stage.await_waiting("one", 4)
    served = []
    for _ in range(4):
        since = stage.edge.mark()
        stage.settle(lease)
        _kind, number, _body = stage.edge.wait(lambda _kind, got, _body: got in order, "the next lease", since)
        served.append(order[number])
        _name, lease = stage.heard(number)
    stage.settle(lease)
    words = rule("Free slots go round the keys that wait, and within a key to who came first")
    tap.ok(served.index("modest") <= 1 and [name for name in served if name != "modest"] == sorted(served)[:3], words)
    tap.diag("served: %s" % served)


def cancels(stage):
    grant = stage.grant(requests_per_minute=10, tokens_per_minute=10000, concurrency=5)
    _name, holder = stage.ask(grant, "single", 1000)
    waiter = stage.take(grant, "single", 1000)
    stage.await_waiting("one", 1)
    since = stage.edge.mark()
    stage.edge.send("LIMIT_CANCEL", number=waiter)
    stage.await_waiting("one", 0)
    stage.edge.catch_up()
    tap.is_(
        [frame for frame in stage.edge.frames[since:] if frame[1] == waiter],
        [],
        rule("LIMIT_CANCEL under the same id ends the wait, unanswered"),
    )
    stage.edge.send("LIMIT_CANCEL", number=1 << 60)
    second = stage.take(grant, "brief", 1000)
    name, lease = stage.heard(second)
    tap.ok(
        name == "lease" and 8 <= lease["requests remaining"] <= 9 and lease["tokens remaining"] >= 8000,
        "who left the queue has used up nothing",
    )
    stage.edge.send("LIMIT_CANCEL", number=second)
    framing.nngipc.until(framing.party.PATIENCE, lambda: stage.in_use("brief") == 0)
    tap.ok(True, rule("or gives back a lease that was not used"))
    _name, last = stage.ask(grant, "brief", 10)
    tap.ok(
        last["requests remaining"] <= 7 and last["tokens remaining"] >= 8900,
        rule("that is cancelled, has used its request and nothing else"),
    )
    for lease in (holder, last):
        stage.settle(lease)


# --- leases in use ---


def settlements(stage):
    words = rule("The lease id makes it idempotent")
    grant = stage.grant(tokens_per_minute=10000)
    _name, lease = stage.ask(grant, tokens=5000)
    tap.is_([stage.settle(lease, 1000) for _ in range(3)], ["LIMIT_SETTLED"] * 3, words)
    _name, after = stage.ask(grant, tokens=10)
    tap.ok(8900 <= after["tokens remaining"] <= 9900, "and settled three times it is charged once")
    stage.settle(after)
    words = rule("Of the leases that proxyd shows to limiterd only the seal is checked, whatever their time")
    old = {"sealed lease": stamps.lease(stage.lease_key, life=-60000, model="single", upstream="one")}
    tap.is_(stage.settle(old), "LIMIT_SETTLED", words)
    for what, lease in stamps.forged(stamps.lease, stage.lease_key, [stage.grant_key]):
        got = [
            stage.proxyd.fault_of("LIMIT_SETTLE", lease, 1, True),
            stage.proxyd.fault_of("LIMIT_MOVE", lease, 0, "one"),
            stage.proxyd.fault_of("LIMIT_KEEP", lease),
        ]
        tap.is_(got, ["BAD_SEAL"] * 3, "a lease %s is neither settled, moved nor kept" % what)


def leases_of_too_much(stage):
    words = rule("a lease that reserves more is refused with `BAD_VALUE`")
    lease = stamps.lease(stage.lease_key, model="single", upstream="one", **{"tokens reserved": 1000000001})
    got = [stage.proxyd.fault_of("LIMIT_KEEP", lease), stage.proxyd.fault_of("LIMIT_SETTLE", lease, 1, True)]
    tap.is_(got, ["BAD_VALUE"] * 2, words)


def keeps(stage):
    words = rule("adopts a kept lease it does not know (it was restarted)")
    unknown = {"sealed lease": stamps.lease(stage.lease_key, model="single", upstream="one")}
    for _ in range(3):
        stage.proxyd.send("LIMIT_KEEP", unknown["sealed lease"])
    tap.is_(stage.in_use("one"), 1, words + ", once however often it is kept")
    tap.is_(stage.settle(unknown, 10), "LIMIT_SETTLED", "and settles it")
    stage.proxyd.send("LIMIT_KEEP", unknown["sealed lease"])
    tap.is_(stage.in_use("one"), 0, "one that is settled is not taken up again")


# --- where to ---


def upstreams_of(stage, model, count=8):
    found = []
    for _ in range(count):
        _name, lease = stage.ask(stage.grant(), model)
        stage.settle(lease)
        found.append(lease["upstream"])
    return found


def news(stage):
    got = upstreams_of(stage, "pair")
    tap.is_((got.count("many"), got.count("house")), (2, 6), rule("those with a free slot share by weight"))
    stage.pool("house", available=False)
    tap.is_(set(upstreams_of(stage, "pair")), {"many"}, rule("Of the targets among them that may be given work"))
    stage.pool("many", available=False)
    tap.is_(
        set(upstreams_of(stage, "moving", 2)),
        {"hasty"},
        rule("it is the first fallback that may, if the row's " "`fallback_on` has `connect`"),
    )
    stage.proxyd.close()
    stage.proxyd.come_up()
    framing.nngipc.until(framing.party.PATIENCE, lambda: set(upstreams_of(stage, "pair")) == {"many", "house"})
    tap.ok(True, rule("limiterd forgets all news when the link goes down"))


def too_much_news(stage):
    words = rule("It remembers 128 upstreams; news of more is refused with `BUSY`")
    made_up = ["made-up-%d" % i for i in range(128)]
    for upstream in made_up:
        stage.proxyd.ask("LIMIT_UPSTREAM", upstream, True)
    got = [stage.proxyd.fault_of("LIMIT_UPSTREAM", "one more", True), stage.proxyd.fault_of("LIMIT_OFFER", "more", b"")]
    tap.is_(got, ["BUSY"] * 2, words)
    tap.is_(stage.pool(made_up[0])["slots"], 0, "of those that it knows it goes on to be told")
    stage.proxyd.close()
    stage.proxyd.come_up()


def offers(stage):
    stage.proxyd.send("LIMIT_OFFER", "many", b"a\nown:latest")
    stage.proxyd.send("LIMIT_OFFER", "house", b"b\nother")
    stage.proxyd.catch_up()
    words = rule("those whose LIMIT_OFFER lists it (with or without `:latest`)")
    got = [set(upstreams_of(stage, name, 4)) for name in ("a", "own", "b", "neither")]
    tap.is_(got, [{"many"}, {"many"}, {"house"}, {"many", "house"}], words)
    tap.is_(set(upstreams_of(stage, "pair")), {"many", "house"}, "a row of its own is for whoever stands there")
    stage.proxyd.send("LIMIT_OFFER", "many", b"c")
    stage.proxyd.catch_up()
    tap.is_(set(upstreams_of(stage, "c", 4)), {"many"}, rule("all of them each time"))
    stage.proxyd.close()
    stage.proxyd.come_up()


def moves(stage):
    _name, lease = stage.ask(stage.grant(), "moving")
    before = stage.in_use("many")
    moved = stage.move(lease, 1, "hasty")
    same = [
        name
        for name in lease
        if name in dict.fromkeys(field.name for field in document.LEASE)
        and name not in ("target", "upstream", "expires", "seal")
    ]
    tap.ok(
        moved
        and all(moved[name] == lease[name] for name in same)
        and (moved["target"], moved["upstream"]) == (1, "hasty")
        and document.is_sealed(b"L", moved["sealed lease"], stage.lease_key),
        rule("LIMIT_MOVED brings the same lease sealed anew, with its target, upstream and expiry"),
    )
    tap.is_(
        (stage.in_use("many"), stage.in_use("hasty")),
        (before - 1, 1),
        rule("the slot it has is exchanged for one there"),
    )
    again = stage.move(lease, 1, "hasty")
    tap.ok(again and stage.in_use("hasty") == 1, rule("A LIMIT_MOVE may be said again: the lease is there already"))
    _name, other = stage.ask(stage.grant(), "moving")
    tap.is_(
        stage.move(other, 1, "hasty"),
        None,
        rule("LIMIT_MOVED with nothing means that the lease stays where it is") + ": no slot is free",
    )
    tap.is_(
        [stage.move(other, 1, "house"), stage.move(other, 9, "house"), stage.move(other, 2, "hasty")],
        [None] * 3,
        "nor is the target another one's, or none",
    )
    tap.ok(stage.move(other, 2, "house"), "where there is one it goes")
    tap.is_(
        stage.settle(lease), "LIMIT_SETTLED", rule("one of before that is still on its way is understood by its id")
    )
    tap.is_((stage.move(moved, 2, "house"), stage.in_use("hasty")), (None, 0), "what is done is not moved")
    stage.settle(other)
    unknown = {"sealed lease": stamps.lease(stage.lease_key, model="moving", upstream="many")}
    tap.ok(
        stage.move(unknown, 1, "hasty") and stage.in_use("hasty") == 1,
        rule("A lease that limiterd does not know is adopted first"),
    )
    stage.settle(unknown)


# --- links and time ---


def links(stage):
    grant = stage.grant()
    _name, holder = stage.ask(grant, "single")
    waiter = stage.take(grant, "single")
    stage.await_waiting("one", 1)
    stage.edge.close()
    stage.await_waiting("one", 0)
    tap.is_(stage.in_use("one"), 1, rule("everything in flight on it is lost for both sides") + "; leases stand")
    stage.edge.come_up()
    number = stage.take(grant, "brief", number=waiter)
    name, lease = stage.heard(number)
    tap.is_(name, "lease", "and the ids of before mean nothing on a new connection")
    for each in (holder, lease):
        stage.settle(each)
    stage.auditd.close()
    stage.auditd.come_up()
    since = stage.auditd.mark()
    number = stage.take(stage.grant(budget=1000, period=DAY), tokens=10)
    usage(stage, 0, since)
    is_answered(stage.heard(number), "lease", "the link to auditd is dialled again, and used")


def taking_back(stage):
    kept, idle = (stage.grant(tokens_per_minute=10000) for _ in range(2))
    _name, first = stage.ask(idle, "single", 5000)
    _name, second = stage.ask(kept, "brief", 5000)
    stage.proxyd.send("LIMIT_KEEP", second["sealed lease"])
    life = (first["expires"] - stamps.now_ms()) / 1000 + 2.5
    framing.nngipc.until(life + framing.party.PATIENCE, lambda: stage.in_use("one") == stage.in_use("brief") == 0)
    early = stamps.now_ms() < first["expires"]
    tap.ok(not early, rule("limiterd takes back what is neither kept nor settled in time"))
    _name, after = stage.ask(idle, "single", 10)
    tap.ok(after["tokens remaining"] > 9900, rule("One that never was, or that is cancelled, has used its request"))
    stage.settle(after)
    _name, after = stage.ask(kept, "single", 10)
    tap.ok(after["tokens remaining"] < 9000, rule("One that was kept has then used what was reserved"))
    stage.settle(after)
    tap.is_(
        stage.settle(second, 100),
        "LIMIT_SETTLED",
        rule("A KEEP or SETTLE that comes after all takes the lease up again"),
    )
    _name, after = stage.ask(kept, "single", 10)
    tap.ok(after["tokens remaining"] > 9500, "and what was really used counts")
    stage.settle(after)
