#!/usr/bin/env python3
"""A limiterd in Python's standard library, in place of heimgate-limiterd: an example of replacing one daemon.

Written from docs/PROTOCOL.md alone; link.py is the transport and the fields, rules.py what is decided with.  It counts
in memory, never forgets a key and enters no sandbox: read it, run the tests with it, and put nothing behind it.
"""

import collections
import json
import os
import signal
import struct
import sys

import link
import rules
from link import Reader, Refused, now, wall
from rules import GRANT, MODEL, SLOTS, UNAVAILABLE, Denied

TAKE, LEASE, DENY, CANCEL, KEEP, SETTLE, SETTLED = 32, 33, 35, 36, 38, 40, 41
UPSTREAM, POOL, OFFER, MOVE, MOVED, USAGE_ASK, USAGE_TOTAL = 42, 43, 44, 46, 47, 66, 67
STAMP_MAX = 6144
COST_MAX = 1000000000
SLACK_MS, HISTORY_MS = 2500, 2000
DONE_MAX = 32768
GIVEN, KEPT, DROPPED, SETTLED_ROW = range(4)


class Take:
    """A request that is being decided."""

    def __init__(self, name, lease, grant):
        self.name, self.lease, self.grant = name, lease, grant
        self.account = self.pool = None
        self.began = now()
        self.deadline = 0


class Row:
    """A lease that was given."""

    def __init__(self, lease_id, name):
        self.lease_id, self.name = lease_id, name  # name: of its TAKE, on this connection; None: it has none
        self.state = GIVEN
        self.account = self.pool = None
        self.tokens = self.due = 0


# --- stamps ---


def open_grant(stamp, key):
    fields = link.unseal(b"G", stamp, key)
    grant = {"key_id": fields.str(32), "key_name": fields.str(64), "models": fields.str(4096)}
    grant.update(generation=fields.number(8), expires=fields.number(8), rpm=fields.number(4), tpm=fields.number(4))
    grant.update(concurrency=fields.number(4), budget=fields.number(8), period=fields.number(1, 2))
    grant.update(local_only=fields.bool(), images=fields.number(4), image_kib=fields.number(4))
    fields.end()
    if not link.is_in_time(grant["expires"]):
        raise Refused(link.EXPIRED)
    return grant


def open_lease(stamp, key):
    fields = link.unseal(b"L", stamp, key)
    lease = {"lease_id": fields.fixed(16), "request_id": fields.fixed(16), "key_id": fields.str(32)}
    lease.update(key_name=fields.str(64), models=fields.str(4096), model=fields.str(256), upstream=fields.str(64))
    lease.update(target=fields.number(1), route=fields.number(1, rules.LAST_ROUTE), local_only=fields.bool())
    lease.update(images=fields.number(4), image_kib=fields.number(4), generation=fields.number(8))
    lease.update(expires=fields.number(8), tokens=fields.number(8, COST_MAX))
    fields.end()
    return lease


def seal_lease(lease, key):
    fields = lease["lease_id"] + lease["request_id"]
    fields += b"".join(link.put_str(lease[name]) for name in ("key_id", "key_name", "models", "model", "upstream"))
    fields += struct.pack(">BBBII", *(lease[name] for name in ("target", "route", "local_only", "images", "image_kib")))
    fields += struct.pack(">QQQ", lease["generation"], lease["expires"], lease["tokens"])
    return link.seal(b"L", fields, key)


class Limiterd:
    def __init__(self, settings, loop):
        self.settings = settings
        self.grant_key, self.lease_key = (link.stamp_key(settings.state, name) for name in ("grant.key", "lease.key"))
        self.life, self.queue_max = settings.lease_life, settings.queue_max
        self.accounts, self.pools = {}, {}
        self.rows, self.open, self.done = {}, collections.OrderedDict(), collections.OrderedDict()  # by lease id
        self.by_name, self.waiting = {}, {}  # leases given, and takes that wait, by the id of the TAKE
        self.asking, self.questions = collections.OrderedDict(), 0  # takes that wait for auditd, by the same
        self.news, self.reload_error = rules.News(), ""
        self.follow(rules.Models(settings.models))
        loop.parts.append(self)
        give_up_rights(settings.user)
        run = settings.run
        self.auditd = link.Link(
            loop, run, "limiterd-auditd", {USAGE_TOTAL: self.usage_told}, True, self.ask_usage, self.auditd_gone
        )
        self.proxyd = link.Link(
            loop,
            run,
            "proxyd-limiterd",
            {KEEP: self.kept, SETTLE: self.settled, UPSTREAM: self.told, OFFER: self.offered, MOVE: self.moved},
            down=self.proxyd_gone,
        )
        self.edge = link.Link(
            loop,
            run,
            "edge-limiterd",
            {TAKE: self.taken, CANCEL: self.cancelled, link.HEALTH_ASK: self.asked_health},
            down=self.edge_gone,
        )
        self.control = link.Control(loop, run, "ctl-limiterd", self.called)

    # --- models.json ---

    def follow(self, models):
        self.models = models
        for pool in self.pools.values():
            pool.slots = 0
        for name, upstream in models.upstreams.items():
            pool = self.pools.setdefault(name, rules.Pool(name))
            pool.slots, pool.timeout = upstream.get("slots", 10), upstream.get("acquire_timeout_ms", 250)
        self.pools = {name: pool for name, pool in self.pools.items() if pool.slots or pool.in_use or pool.waiting}
        for pool in self.pools.values():
            self.serve(pool)
        link.log("info", "models-loaded", upstreams=len(models.upstreams), models=len(models.rows))

    def reload(self):
        try:
            self.follow(rules.Models(self.settings.models))
            self.reload_error = ""
        except rules.Bad as error:
            self.reload_error = "not reloaded: %.100s" % error
            link.log("error", "models-refused", reason=error)

    # --- frames from edge ---

    def taken(self, name, body):
        fields = Reader(body)
        stamp, request_id, route = fields.bytes(STAMP_MAX), fields.fixed(16), fields.number(1, rules.LAST_ROUTE)
        model, tokens = fields.str(256), fields.number(8)
        fields.end()
        if name in self.by_name or name in self.waiting or name in self.asking:
            raise Refused(link.REPLAYED)
        try:
            grant = open_grant(stamp, self.grant_key)
        except Refused:
            self.deny(name, Denied(GRANT, 0, 0, 0, 0))
            return
        lease = {member: grant[member] for member in ("key_id", "key_name", "models", "generation", "local_only")}
        lease.update(lease_id=os.urandom(16), request_id=request_id, model=model, route=route, target=0, upstream="")
        lease.update(images=grant["images"], image_kib=grant["image_kib"])
        lease["tokens"] = min(max(tokens, 1), COST_MAX) if route in rules.COSTING else 0
        self.consider(Take(name, lease, grant))

    def consider(self, take):
        if not self.models.find(take.lease):
            self.deny(take.name, Denied(MODEL, 0, 0, 0, 0))
            return
        account = take.account = self.account_of(take.lease)
        account.follow(take.grant, now(), wall())
        if take.lease["tokens"] and account.budget.period and not account.budget.known:
            self.asking[take.name] = take
            self.ask_usage()
        else:
            self.decide(take)

    def account_of(self, lease):
        account = self.accounts.setdefault(lease["key_id"], rules.Account(lease["key_id"]))
        account.key_name = lease["key_name"]
        return account

    def decide(self, take):
        cost = take.lease["tokens"]
        denied = take.account.refusal(cost, now())
        if denied:
            self.deny(take.name, denied, take.account)
            return
        take.account.admit(cost, now())
        if take.lease["route"] not in rules.COSTING:
            self.give(take)
            return
        target = self.models.choose(take.lease, self.pools, self.news)
        upstream = self.models.targets(self.models.row(take.lease["model"])[0])[target]["upstream"]
        take.lease.update(target=target, upstream=upstream)
        self.find_slot(take, self.pools[upstream])

    def find_slot(self, take, pool):
        take.pool = pool
        if pool.has_room():
            pool.in_use += 1
            self.give(take)
            return
        take.deadline = take.began + pool.timeout
        leaves = pool.join(take, self.queue_max)
        if leaves is False:
            self.deny_slot(take)
            return
        self.waiting[take.name] = take
        if leaves:
            self.deny_slot(leaves)

    def cancelled(self, name, _body):
        take = self.waiting.pop(name, None)
        row = self.by_name.get(name)
        self.asking.pop(name, None)
        if take:
            take.pool.leave(take)
            take.account.give_back(take.lease["tokens"], now(), wall())
        elif row and row.state == GIVEN:
            self.drop(row)

    def edge_gone(self):
        for name in [*self.waiting, *self.asking]:
            self.cancelled(name, b"")
        for row in self.by_name.values():
            row.name = None
        self.by_name = {}

    def asked_health(self, name, _body):
        parts = [("store", True, ""), ("models", True, self.reload_error), ("sandbox", True, "none")]
        parts.append(("link-proxyd", self.proxyd.is_up, "" if self.proxyd.is_up else "leases are not settled"))
        parts.append(("link-auditd", self.auditd.is_up, "" if self.auditd.is_up else "budgets not seen before wait"))
        body = b"".join(link.put_str(part) + bytes([well]) + link.put_str(text) for part, well, text in parts)
        self.edge.send(link.HEALTH, name, bytes([len(parts)]) + body)

    # --- answers to edge ---

    def levels(self, account):
        if not account:
            return bytes(40)
        return struct.pack(">QQIQQI", *account.requests.shown(now()), *account.tokens.shown(now()))

    def deny(self, name, denied, account=None):
        said = struct.pack(">BIQQQ", denied.reason, denied.retry, denied.limit, denied.used, denied.requested)
        self.edge.send(DENY, name, said + self.levels(account))

    def deny_slot(self, take):
        self.waiting.pop(take.name, None)
        take.account.give_back(take.lease["tokens"], now(), wall())
        self.deny(take.name, Denied(SLOTS, rules.RETRY_MS, take.pool.slots, take.pool.in_use, 1), take.account)

    def give(self, take):
        self.waiting.pop(take.name, None)
        row = Row(take.lease["lease_id"], take.name)
        row.account, row.pool, row.tokens = take.account, take.pool, take.lease["tokens"]
        self.rows[row.lease_id] = self.by_name[take.name] = row
        self.hold(row, GIVEN)
        take.lease["expires"] = wall() + self.life
        waited = struct.pack(">I", now() - take.began)
        sealed = link.put_bytes(seal_lease(take.lease, self.lease_key))
        if not self.edge.send(LEASE, take.name, self.levels(take.account) + waited + sealed):
            self.drop(row)

    def serve(self, pool):
        while take := pool.next():
            self.give(take)

    # --- the life of a lease ---

    def hold(self, row, state):
        row.state, row.due = state, now() + self.life + SLACK_MS
        self.open[row.lease_id] = row
        self.open.move_to_end(row.lease_id)

    def end(self, row, state):
        """The row is remembered, so that whatever is said of it later is understood."""
        pool, row.state = row.pool, state
        row.account = row.pool = None
        self.by_name.pop(row.name, None)
        del self.open[row.lease_id]
        self.done[row.lease_id] = row
        if len(self.done) > DONE_MAX:
            del self.rows[self.done.popitem(last=False)[0]]
        if pool:
            pool.in_use -= 1
            self.serve(pool)

    def drop(self, row):
        used = row.tokens if row.state == KEPT else 0
        row.account.settle(row.tokens, used, now(), wall())
        row.tokens = used
        self.end(row, DROPPED)

    def row_of(self, lease):
        """The row of a lease that proxyd speaks of; one that is not known, or was given up, is taken up."""
        row = self.rows.get(lease["lease_id"])
        if row and row.state != DROPPED:
            return row
        account = self.account_of(lease)
        if row:
            account.uncharge(row.tokens, now())
            del self.done[row.lease_id]
        row = self.rows[lease["lease_id"]] = row or Row(lease["lease_id"], None)
        account.adopt(lease["tokens"], now())
        row.account, row.tokens = account, lease["tokens"]
        row.pool = self.pools.get(lease["upstream"])
        if row.pool:
            row.pool.in_use += 1
        self.hold(row, KEPT)
        return row

    # --- frames from proxyd ---

    def kept(self, _name, body):
        row = self.row_of(open_lease(body, self.lease_key))
        if row.state != SETTLED_ROW:
            self.hold(row, KEPT)

    def settled(self, name, body):
        fields = Reader(body)
        stamp, tokens, charged = fields.bytes(STAMP_MAX), fields.number(8), fields.bool()
        fields.end()
        row = self.row_of(open_lease(stamp, self.lease_key))
        if row.state != SETTLED_ROW:
            if charged:
                row.account.settle(row.tokens, min(tokens, COST_MAX), now(), wall())
            else:
                row.account.give_back(row.tokens, now(), wall())
            self.end(row, SETTLED_ROW)
        self.proxyd.send(SETTLED, name)

    def moved(self, name, body):
        fields = Reader(body)
        stamp, target, upstream = fields.bytes(STAMP_MAX), fields.number(1), fields.str(64)
        fields.end()
        lease = open_lease(stamp, self.lease_key)
        goes = self.models.may_move(lease, target, upstream) and self.exchange(lease, self.pools[upstream])
        if goes:
            lease.update(target=target, upstream=upstream, expires=wall() + self.life)
        self.proxyd.send(MOVED, name, link.put_bytes(seal_lease(lease, self.lease_key) if goes else b""))

    def exchange(self, lease, pool):
        """Whether the lease has a slot there now."""
        row = self.rows.get(lease["lease_id"]) or self.row_of(lease)
        if row.state not in (GIVEN, KEPT) or (row.pool is not pool and not pool.has_room()):
            return False
        left, row.pool = row.pool, pool
        self.hold(row, KEPT)
        if left is not pool:
            pool.in_use += 1
            if left:
                left.in_use -= 1
                self.serve(left)
        return True

    def remember(self, upstream):
        if not self.news.has_room(upstream):
            raise Refused(link.BUSY)

    def told(self, name, body):
        fields = Reader(body)
        upstream, available = fields.str(64), fields.bool()
        fields.end()
        self.remember(upstream)
        if available:
            self.news.unavailable.discard(upstream)
        else:
            self.news.unavailable.add(upstream)
        pool = self.pools.get(upstream) or rules.Pool(upstream)
        self.proxyd.send(
            POOL, name, link.put_str(upstream) + struct.pack(">III", pool.slots, pool.in_use, pool.waiting)
        )

    def offered(self, _name, body):
        fields = Reader(body)
        upstream, names = fields.str(64), fields.bytes(49152)
        fields.end()
        self.remember(upstream)
        self.news.lists[upstream] = set(names.decode(errors="surrogateescape").split("\n"))

    def proxyd_gone(self):
        self.news = rules.News()

    # --- what was used before ---

    def ask_usage(self):
        for take in self.asking.values():
            account = take.account
            if account.question or not self.auditd.is_up:
                continue
            self.questions += 1
            account.question = self.questions
            account.budget.roll(wall())
            account.budget.used = 0  # what is settled from now on is counted here, and not in the answer
            asked = link.put_str(account.key_id) + struct.pack(">Q", account.budget.start)
            self.auditd.send(USAGE_ASK, account.question, asked)

    def usage_told(self, name, body):
        fields = Reader(body)
        tokens, _requests = fields.number(8), fields.number(8)
        fields.end()
        takes = [take for take in self.asking.values() if take.account.question == name]
        for take in takes:
            del self.asking[take.name]
            if not take.account.budget.known:
                take.account.budget.known = True
                take.account.budget.used += tokens
        for take in takes:
            take.account.question = 0
            self.consider(take)

    def auditd_gone(self):
        for account in self.accounts.values():
            account.question = 0

    # --- time ---

    def due(self):
        dues = [take.deadline for take in self.waiting.values()]
        dues += [take.began + HISTORY_MS for take in self.asking.values()]
        dues += [row.due for row in list(self.open.values())[:1]]
        return min(dues, default=None)

    def tick(self):
        for take in [take for take in self.asking.values() if take.began + HISTORY_MS <= now()]:
            del self.asking[take.name]
            take.account.question = 0
            self.deny(take.name, Denied(UNAVAILABLE, rules.RETRY_MS, 0, 0, 0), take.account)
        for take in [take for take in self.waiting.values() if take.deadline <= now()]:
            take.pool.leave(take)
            self.deny_slot(take)
        for row in [row for row in self.open.values() if row.due <= now()]:
            self.drop(row)

    def flush(self):
        pass

    # --- people's tools ---

    def called(self, verb, arguments):
        try:
            named = json.loads(arguments)
        except ValueError:
            named = None
        if verb != "limits.show" or named != {}:
            return False, b'{"error": "the only verb here is limits.show, without arguments"}'
        pools = [
            {"name": pool.name, "slots": pool.slots, "in_use": pool.in_use, "waiting": pool.waiting}
            | {"acquire_timeout_ms": pool.timeout}
            for pool in self.pools.values()
        ]
        keys = [self.shown(account) for account in list(self.accounts.values())[-100:]]
        shown = {"counted": "by this host", "pools": pools, "keys": keys[::-1], "keys_known": len(self.accounts)}
        leases = len(self.open) + len(self.waiting) + len(self.asking)
        return True, json.dumps({**shown, "leases": leases}).encode()

    @staticmethod
    def shown(account):
        budget = account.budget
        budget.roll(wall())
        levels = {}
        for name, bucket in (("requests", account.requests), ("tokens", account.tokens)):
            limit, remaining, reset = bucket.shown(now())
            levels[name] = {"limit": limit, "remaining": remaining, "reset_ms": reset} if limit else None
        spent = None
        if budget.period:
            spent = {"period": ("", "day", "month")[budget.period], "limit": budget.limit, "ends": budget.end}
            spent.update(used=budget.used if budget.known else None, reserved=budget.reserved)
        about = {"key": account.key_id, "name": account.key_name, "running": account.running}
        return {**about, "concurrency": account.concurrency or None, **levels, "budget": spent}


# --- start and end ---


class Settings:
    """The settings of limiterd that matter here, as docs/CONFIG.md has them."""

    def __init__(self, environment):
        self.state = os.path.abspath(environment.get("HEIMGATE_STATE") or "var")
        self.run = os.path.join(self.state, environment.get("HEIMGATE_RUN") or "run")
        self.models = os.path.join(self.state, environment.get("HEIMGATE_MODELS") or "models.json")
        self.ready = int(environment.get("HEIMGATE_READY_FD") or -1)
        self.user = environment.get("HEIMGATE_USER")
        self.lease_life = int(environment.get("HEIMGATE_LEASE_LIFE_MS") or 5000)
        self.queue_max = int(environment.get("HEIMGATE_QUEUE_MAX") or 256)


def give_up_rights(user):
    """Becomes UID:GID[,GID...] when that is asked for."""
    if user and os.geteuid() == 0:
        number, groups = user.split(":")
        groups = [int(group) for group in groups.split(",")]
        os.setgroups(groups)
        os.setgid(groups[0])
        os.setuid(int(number))


class Readiness:
    """Tells whoever started the daemon, once the links that it dials are up."""

    def __init__(self, limiterd, descriptor):
        self.limiterd, self.descriptor, self.is_told = limiterd, descriptor, False

    def due(self):
        return None

    def tick(self):
        if self.limiterd.auditd.is_up and not self.is_told:
            self.is_told = True
            link.tell_ready(self.descriptor)

    def flush(self):
        pass


def main():
    settings = Settings(os.environ)
    loop = link.Loop()
    try:
        limiterd = Limiterd(settings, loop)
    except rules.Bad as error:
        print(error, file=sys.stderr)
        return 100
    loop.on_signal(signal.SIGHUP, limiterd.reload)
    loop.parts.append(Readiness(limiterd, settings.ready))
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
