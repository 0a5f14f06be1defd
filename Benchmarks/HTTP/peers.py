"""Two clusters of three nodes on this machine that are measured beside each other: Gala, and etcd from Debian.

Each is started as it comes, with its defaults, data on the same disk, and speaks HTTP with JSON or raw bytes. A peer knows
how to start and harm its nodes, and how to say "write this" and "read that" in its own tongue.
"""
import base64
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
NODES = (1, 2, 3)


class Trouble(Exception):
    """The measurement does not work here, and says nothing about anybody."""


def place():
    """Where everything that is measured keeps its files."""
    parent = os.environ.get("GALA_BENCH_DIR") or os.path.join(os.environ.get("TMPDIR", "/tmp"), "gala-bench")
    path = pathlib.Path(parent)
    path.mkdir(parents=True, exist_ok=True)
    return path


def environment():
    """That of nodes: what begins with GALA_ would be a setting."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GALA_")}


class Peer:
    """A cluster of three."""

    name = ""
    first_port = 0

    def __init__(self):
        self.directory = place() / self.name
        self.processes = {}
        # How to start a process, besides its command.
        self.options = {}

    # Processes

    def start(self):
        """Starts a new, empty cluster and waits until it serves."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        try:
            self.begin()
        except BaseException:
            self.end()
            raise

    def begin(self):
        self.prepare()
        for node in NODES:
            self.start_node(node, is_first=True)
        self.wait_until_ready()

    def prepare(self):
        """Makes what nodes need before they start."""

    def start_node(self, node, is_first=False):
        with open(self.directory / f"node{node}.log", "ab") as log:
            self.processes[node] = subprocess.Popen(
                self.command(node, is_first), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env=environment(), **self.options,
            )

    def stop(self):
        """Ends every process, and removes all files."""
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def end(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = {}

    def signal(self, node, number):
        self.processes[node].send_signal(number)
        if number == signal.SIGKILL:
            self.processes[node].wait()

    def wait_until_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if all(self.is_ready(node) for node in NODES):
                return
            time.sleep(0.05)
        raise Trouble(f"{self.name} does not come to serve; see {self.directory}/node1.log")

    # Asking

    def port(self, node):
        return self.first_port + node

    def ask(self, node, method, path, body=None, headers=None, timeout=1.0):
        connection = http.client.HTTPConnection("127.0.0.1", self.port(node), timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def head(self, method, path, length, more=""):
        return f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{more}Content-Length: {length}\r\n\r\n".encode()


class Gala(Peer):
    name = "gala"
    first_port = 27000

    def __init__(self, binaries):
        super().__init__()
        self.binaries = pathlib.Path(binaries)
        self.token = ""
        for program in ("gala", "galactl"):
            if not (self.binaries / program).exists():
                raise Trouble(f"there is no {self.binaries / program}; build it, or name another place with --binaries")

    def prepare(self):
        security = self.directory / "security"
        self.run("galactl", "cert", "create-ca", "--directory", security)
        for node in NODES:
            self.run("galactl", "cert", "create-node", node, "--directory", security)
            (self.directory / f"node{node}.json").write_text(json.dumps(self.configuration(node, security), indent=1))
        credentials = self.directory / "admin.json"
        self.run("gala", "create-admin", "--directory", security, "--credentials", credentials, "--cluster-id", "bench")
        self.token = json.loads(credentials.read_text())["token"]

    def run(self, program, *arguments):
        subprocess.run(
            [str(self.binaries / program), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, env=environment(),
        )

    def configuration(self, node, security):
        return {
            "cluster": {"id": "bench", "peers": {str(other): f"127.0.0.1:{27100 + other}" for other in NODES}},
            "node": {
                "id": node, "listen": f"127.0.0.1:{27100 + node}", "certificate": f"{security}/node-{node}.pem",
                "key": f"{security}/node-{node}.key", "authority": f"{security}/ca.pem",
            },
            # As in cluster/local: nobody is held to a number of requests.
            "http": {
                "listen": f"127.0.0.1:{self.port(node)}", "userRequestsPerSecond": 1_000_000, "signUpsPerMinute": 1_000_000,
            },
            "data": {"directory": str(self.directory / f"data{node}")},
            "security": {"accounts": f"{security}/accounts.json", "tokenKeys": f"{security}/token-keys.json"},
            "log": {"level": "notice"},
        }

    def command(self, node, is_first):
        command = [str(self.binaries / "gala"), "--config", str(self.directory / f"node{node}.json")]
        return command + (["--bootstrap"] if is_first else [])

    def is_ready(self, node):
        try:
            return self.ask(node, "GET", "/readyz")[0] == 200
        except OSError:
            return False

    def partitions(self):
        for node in NODES:
            try:
                headers = {"Authorization": f"Bearer {self.token}"}
                status, body = self.ask(node, "GET", "/v1/cluster", headers=headers)
            except OSError:
                continue
            if status == 200:
                partitions = json.loads(body)["partitions"]
                if partitions and all(partition["leader"] for partition in partitions):
                    return partitions
        return []

    def leader(self):
        """The node that leads the most partitions."""
        for _ in range(400):
            leaders = [int(partition["leader"]) for partition in self.partitions()]
            if leaders:
                return max(NODES, key=leaders.count)
            time.sleep(0.05)
        raise Trouble("Gala has no leader")

    def server(self, key):
        """The node that leads the partition of an operator's key."""
        stored = (b"\x01" + key).hex()
        for _ in range(400):
            for partition in self.partitions():
                keys = partition["keys"]
                if keys and keys["lower"] <= stored < keys["upper"]:
                    return int(partition["leader"])
            time.sleep(0.05)
        raise Trouble("Gala has no leader for the keys")

    def gather(self, node):
        """Has one node lead everything, as etcd's leader does: a fault of it then harms every writer."""
        for _ in range(100):
            elsewhere = [p for p in self.partitions() if p["leader"] != str(node)]
            if not elsewhere and self.partitions():
                return
            for partition in elsewhere:
                path = f"/v1/cluster/partitions/{partition['id']}/transfer-leadership"
                headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
                try:
                    self.ask(int(partition["leader"]), "POST", path, json.dumps({"to": str(node)}), headers)
                except OSError:
                    pass
            time.sleep(0.1)
        raise Trouble(f"node {node} does not come to lead everything")

    @property
    def authorization(self):
        return f"Authorization: Bearer {self.token}\r\n"

    def put(self, key, value):
        return self.head("PUT", f"/v1/kv/{key}", len(value), self.authorization) + value

    def get(self, key):
        return self.head("GET", f"/v1/kv/{key}", 0, self.authorization)

    def value(self, body):
        return body

    def version(self):
        return subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
        ).stdout.strip() or "of an unknown commit"


class Etcd(Peer):
    name = "etcd"
    first_port = 22370

    def __init__(self):
        super().__init__()
        if not shutil.which("etcd"):
            raise Trouble("etcd is not installed: apt-get install etcd-server")

    def peer_port(self, node):
        return 22380 + node

    def command(self, node, is_first):
        cluster = ",".join(f"n{other}=http://127.0.0.1:{self.peer_port(other)}" for other in NODES)
        client, peer = f"http://127.0.0.1:{self.port(node)}", f"http://127.0.0.1:{self.peer_port(node)}"
        return [
            "etcd", "--name", f"n{node}", "--data-dir", str(self.directory / f"data{node}"),
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", cluster, "--initial-cluster-token", "bench",
            "--initial-cluster-state", "new" if is_first else "existing",
        ]

    def status(self, node):
        code, body = self.ask(node, "POST", "/v3/maintenance/status", "{}", {"Content-Type": "application/json"})
        return json.loads(body) if code == 200 else {}

    def is_ready(self, node):
        try:
            return self.status(node).get("leader", "0") != "0"
        except (OSError, ValueError):
            return False

    def leader(self):
        for _ in range(400):
            for node in NODES:
                try:
                    status = self.status(node)
                except (OSError, ValueError):
                    continue
                if status.get("leader") and status["leader"] == status["header"]["member_id"]:
                    return node
            time.sleep(0.05)
        raise Trouble("etcd has no leader")

    def server(self, _key):
        return self.leader()

    def gather(self, node):
        """There is but one group, and whoever leads it leads everything."""

    def put(self, key, value):
        body = json.dumps({"key": self.text(key.encode()), "value": self.text(value)}).encode()
        return self.head("POST", "/v3/kv/put", len(body), "Content-Type: application/json\r\n") + body

    def get(self, key):
        body = json.dumps({"key": self.text(key.encode())}).encode()
        return self.head("POST", "/v3/kv/range", len(body), "Content-Type: application/json\r\n") + body

    def value(self, body):
        entries = json.loads(body).get("kvs")
        return base64.b64decode(entries[0]["value"]) if entries else None

    @staticmethod
    def text(data):
        return base64.b64encode(data).decode()

    def version(self):
        output = subprocess.run(["etcd", "--version"], capture_output=True, text=True).stdout
        return output.split("\n")[0].split(":")[-1].strip()


def describe_machine():
    """The machine, in a line."""
    model = "unknown processor"
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores for nodes and clients together, load {load:.1f} at the start"


def run(main):
    """Runs a measurement; clusters end with it, however it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except Trouble as trouble:
        print(f"not measured: {trouble}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
