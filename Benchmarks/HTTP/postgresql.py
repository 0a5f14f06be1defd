"""PostgreSQL beside Gala: a primary and two standbys, one of which has every commit on its disk before it is answered.

Debian's, with its defaults but for what makes commits last: `synchronous_standby_names = 'ANY 1 (s1, s2)'`. Clients are
pgbench's, over PostgreSQL's own protocol, with prepared statements, without passwords and without TLS.
"""
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import time

import peers

HERE = pathlib.Path(__file__).resolve().parent
WALLETS = 100_000
OPENING = 10_000_000

DRAWS = r"""\set giver random(1, :wallets)
\set receiver random(1, :causes)
\set given random(1, 100)
"""
FORMS = {
    "statements": DRAWS + r"""begin;
update wallets set balance = balance - :given where id = :giver and balance >= :given returning balance as rest \gset
insert into donations (wallet, cause, amount) values (:giver, :receiver, :given) returning id as made \gset
insert into history (donation, account, delta) values (:made, 'w' || :giver, -1 * :given), (:made, 'c' || :receiver, :given);
update causes set total = total + :given, gifts = gifts + 1 where id = :receiver;
commit;
""",
    "function": DRAWS + "select donate(:giver, :receiver, :given);\n",
}


def find():
    """Where the programs are; the newest version counts."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda path: int(path.split("/")[4]))
    if not found:
        raise peers.Trouble("PostgreSQL is not installed: apt-get install postgresql-15")
    return pathlib.Path(found[-1]).parent


class PostgreSQL(peers.Peer):
    """Node 1 is the primary."""

    name = "postgresql"
    first_port = 25430

    def __init__(self, causes):
        super().__init__()
        self.binaries = find()
        self.causes = causes
        # PostgreSQL does not run as root.
        self.options = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}

    def run(self, program, *arguments):
        done = subprocess.run(
            [str(self.binaries / program), *map(str, arguments)], cwd=self.directory, capture_output=True, text=True, **self.options,
        )
        if done.returncode:
            raise peers.Trouble(f"{program} says: {done.stderr.strip()}")
        return done.stdout

    def ask_sql(self, *arguments):
        return self.run("psql", "-h", "127.0.0.1", "-p", self.port(1), "-U", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1",
                        *arguments, "postgres").strip()

    def begin(self):
        if self.options:
            shutil.chown(self.directory, "postgres", "postgres")
            if subprocess.run(["test", "-w", str(self.directory)], **self.options).returncode:
                raise peers.Trouble(f"the user postgres cannot reach {self.directory}; set GALA_BENCH_DIR")
        self.run("initdb", "-D", "data1", "-U", "postgres", "-A", "trust", "--no-instructions")
        with open(self.directory / "data1/postgresql.conf", "a") as settings:
            settings.write(f"listen_addresses = '127.0.0.1'\nunix_socket_directories = '{self.directory}'\n"
                           "synchronous_commit = on\nsynchronous_standby_names = 'ANY 1 (s1, s2)'\n")
        self.start_node(1)
        self.wait(lambda: self.ask_sql("-c", "select 1") == "1")
        for node in (2, 3):
            self.run("pg_basebackup", "-d", f"host=127.0.0.1 port={self.port(1)} user=postgres application_name=s{node - 1}",
                     "-D", f"data{node}", "-R", "-X", "stream", "-c", "fast")
            self.start_node(node)
        self.wait(lambda: self.ask_sql("-c", "select count(*) from pg_stat_replication where sync_state = 'quorum'") == "2")
        self.ask_sql("-v", f"wallets={WALLETS}", "-v", f"causes={self.causes}", "-f", str(HERE / "donations.sql"))

    def command(self, node, is_first):
        return [str(self.binaries / "postgres"), "-D", str(self.directory / f"data{node}"), "-p", str(self.port(node))]

    def wait(self, holds, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                if holds():
                    return
            except peers.Trouble:
                pass
            if time.monotonic() > end:
                raise peers.Trouble(f"PostgreSQL does not come to serve; see {self.directory}/node1.log")
            time.sleep(0.1)

    def end(self):
        # At once: standbys and clients are not waited for.
        for process in self.processes.values():
            process.send_signal(signal.SIGQUIT)
        super().end()

    # Measuring

    def give(self, form, causes, clients, seconds):
        """Gifts for so long: what came of them, and how long each took, in milliseconds."""
        script = self.directory / f"{form}.sql"
        script.write_text(FORMS[form])
        self.ask_sql("-c", "checkpoint")
        output = self.run(
            "pgbench", "-h", "127.0.0.1", "-p", self.port(1), "-U", "postgres", "-n", "-M", "prepared", "-c", clients, "-j", 2,
            "-T", seconds, "-D", f"wallets={WALLETS}", "-D", f"causes={causes}", "-f", script, "-l", "--log-prefix", "took",
            "postgres",
        )
        rate = failed = 0.0
        for line in output.splitlines():
            if line.startswith("tps"):
                rate = float(line.split()[2])
            elif line.startswith("number of failed"):
                failed = int(line.split(":")[1].split()[0])
        took = []
        for path in self.directory.glob("took*"):
            took += [int(line.split()[2]) / 1000 for line in path.read_text().splitlines()]
            path.unlink()
        return rate, sorted(took), int(failed)

    def breach(self):
        """What does not add up; nothing, if all is well."""
        sums = self.ask_sql("-c", "select (select sum(balance) from wallets) + (select sum(total) from causes),"
                            "(select sum(gifts) from causes) - (select count(*) from donations),"
                            "(select count(*) from history) - 2 * (select count(*) from donations)")
        return "" if sums == f"{WALLETS * OPENING}|0|0" else f"PostgreSQL: {sums}"

    def version(self):
        text = subprocess.run([str(self.binaries / "postgres"), "--version"], capture_output=True, text=True).stdout
        return text.split()[2]

    def settings(self):
        names = ("fsync", "full_page_writes", "shared_buffers", "synchronous_commit", "synchronous_standby_names", "wal_sync_method")
        listed = ",".join(f"'{name}'" for name in names)
        rows = self.ask_sql("-c", f"select name || ' ' || current_setting(name) from pg_settings where name in ({listed}) order by 1")
        return ", ".join(rows.split("\n"))
