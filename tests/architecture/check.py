"""The rules of the source tree that no compiler enforces. Prints each broken one as FAILED: file:line: rule.

Include arrows go one way (registry <- checks, store; wire <- answers <- serve; api knows the registry, never dnsd),
files stay short, and words that must not reach a repository do not.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 400
SOURCES = (".cc", ".h", ".py", ".sh")

# layer -> layers whose headers it may include, beside its own. The longest matching prefix names a file's layer.
LAYERS = {
    "registry": set(),
    "registry/codec": {"registry"},
    "registry/store": {"registry", "registry/codec"},
    "registry/write": {"registry", "registry/store"},
    "registry/ares": set(),
    "registry/checks": {"registry", "registry/ares"},
    "dnsd/wire": set(),
    "dnsd/answers": {"dnsd/wire", "registry"},
    "dnsd/serve": {"dnsd/wire", "dnsd/answers", "registry"},
    "dnsd/tsig": {"dnsd/wire"},
    "dnsd/transfer": {"dnsd/wire", "dnsd/tsig", "dnsd/answers", "dnsd/serve", "registry"},
    "dnsd/update": {"dnsd/wire", "dnsd/tsig", "dnsd/transfer", "dnsd/answers", "registry", "registry/write"},
    "dnsd/forward": {"dnsd/wire", "dnsd/answers", "dnsd/serve", "registry", "registry/ares"},
    "api": {"registry", "registry/codec", "registry/store", "registry/write"},
    "api/native": {"api", "registry", "registry/codec", "registry/store", "registry/write"},
    "api/cloudmap": {"api", "registry", "registry/codec", "registry/store", "registry/write"},
    "api/envoy": {"api", "registry", "registry/codec", "registry/store", "registry/write"},
    "api/consul": {"api", "registry", "registry/codec", "registry/store", "registry/write"},
    "api/eureka": {"api", "registry", "registry/codec", "registry/store", "registry/write"},
    "api/dnsctl": {"registry", "registry/codec", "dnsd/answers"},  # zone check: the server's own reader of zone files
    "dnsd": {"api", "registry", "registry/codec", "registry/store", "registry/write", "registry/checks", "dnsd/wire",
             "dnsd/answers", "dnsd/serve", "dnsd/tsig", "dnsd/transfer", "dnsd/update", "dnsd/forward"},
}
# serve may use only these of the registry: words, not the model.
SERVE_MAY_SEE = {"registry/basics.h"}
# Of dnsd/ itself the daemon's wiring sees all layers; these are tools that know none of them.
DNSD_PLAIN = re.compile(r"^dnsd/(log|notify|ready_file)[a-z_]*\.(cc|h)$")
DNSD_PLAIN_MAY_SEE = {"registry", "registry/codec"}
NO_SOCKETS = re.compile(r'^\s*#include <(boost/asio|boost/beast|ares|sys/socket|netinet|ldns|sqlite3|boost/json)')
FORBIDDEN = [
    (re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w"), "an absolute path of one machine"),
    (re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"), "left for later"),
    (re.compile(r"\bnot impl" r"emented\b", re.I), "left for later"),
]
SLEEPS = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(|\btime\.sl" r"eep\b|(?<![\w.])sl" r"eep\(")
TEST_FILE = re.compile(r"^tests/|_test\.cc$|/test_\w+\.h$")  # tests may build a world out of higher layers
INCLUDE = re.compile(r'^\s*#include "([^"]+)"')


def tracked() -> list[str]:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                            text=True, check=True)
    return [f for f in listed.stdout.splitlines() if (ROOT / f).is_file()]


def layer_of(file: str) -> str | None:
    fitting = [layer for layer in LAYERS if file.startswith(layer + "/")]
    return max(fitting, key=len) if fitting else None


def check_include(file: str, included: str) -> str | None:
    mine, theirs = layer_of(file), layer_of(included)
    if mine is None or theirs is None or mine == theirs or TEST_FILE.search(file):
        return None
    if mine == "api" and theirs.startswith("api/") and theirs != "api/dnsctl":
        return None  # the router knows the folders it routes to
    if theirs not in LAYERS[mine]:
        return f"{mine} must not include {included}"
    if mine == "dnsd/serve" and theirs == "registry" and included not in SERVE_MAY_SEE:
        return f"dnsd/serve must not include {included}: it knows the table, never the registry"
    if mine == "dnsd" and DNSD_PLAIN.match(file) and theirs not in DNSD_PLAIN_MAY_SEE:
        return f"{file} is a tool that knows no layer: it must not include {included}"
    return None


def check_file(file: str) -> list[str]:
    try:
        lines = (ROOT / file).read_text().splitlines()
    except UnicodeDecodeError:
        return []
    found = []
    if file.endswith(SOURCES) and len(lines) > MAX_LINES:
        found.append(f"{file}: {len(lines)} lines, over {MAX_LINES}: look for the second idea")
    for number, line in enumerate(lines, 1):
        for pattern, why in FORBIDDEN:
            if pattern.search(line) and not file.startswith("tests/architecture/"):
                found.append(f"{file}:{number}: {why}: {line.strip()[:80]}")
        if TEST_FILE.search(file) and SLEEPS.search(line) and not file.startswith("tests/architecture/"):
            found.append(f"{file}:{number}: tests wait on conditions, they do not sleep")
        if file.endswith((".cc", ".h")):
            include = INCLUDE.match(line)
            broken = check_include(file, include[1]) if include else None
            if broken:
                found.append(f"{file}:{number}: {broken}")
            pure = layer_of(file) in ("registry", "dnsd/wire")
            if pure and NO_SOCKETS.match(line) and not TEST_FILE.search(file):
                found.append(f"{file}:{number}: {layer_of(file)} is pure: no sockets, no DNS library, no JSON")
    return found


def check_links() -> list[str]:
    """The arrows as CMake links them; a library that is not linked cannot be used even by a declaration."""
    text = (ROOT / "CMakeLists.txt").read_text()
    links = {m[1]: set(m[2].split()) for m in re.finditer(r"component\((\w+) .*?LINK ([^)]*)\)", text)}
    links |= {m[1]: set() for m in re.finditer(r"component\((\w+) ((?!LINK)[^)])*\)", text) if m[1] not in links}
    allowed = {
        "registry": set(), "codec": {"registry"}, "store": {"registry", "codec"}, "write_path": {"registry", "store"},
        "ares_channel": set(), "checks": {"registry", "ares_channel"}, "wire": set(),
        "answers": {"wire", "registry"}, "serve": {"wire", "answers"},
        "tsig": {"wire"}, "transfer": {"wire", "tsig", "answers", "serve", "registry"},
        "update": {"wire", "transfer", "answers", "registry", "write_path"},
        "forward": {"wire", "serve", "ares_channel"},
        "api": {"registry", "codec", "store", "write_path"}, "ctl": {"codec", "answers"},
    }
    found = [f"CMakeLists.txt: component {name} is not there" for name in allowed if name not in links]
    for name, may in allowed.items():
        for extra in sorted((links.get(name, set()) & set(allowed)) - may):
            found.append(f"CMakeLists.txt: {name} must not link {extra}")
    return found


def self_test() -> list[str]:
    """The check itself must be able to fail."""
    must_fail = [("api/router.cc", "dnsd/wire/query.h"), ("registry/names.cc", "registry/store/commit_log.h"),
                 ("dnsd/wire/query.cc", "dnsd/answers/publisher.h"), ("dnsd/serve/udp.cc", "registry/registry.h"),
                 ("registry/checks/runner.cc", "registry/write/feed.h"), ("dnsd/log.cc", "dnsd/serve/server.h")]
    must_pass = [("dnsd/daemon.cc", "api/server.h"), ("api/native/instances.cc", "registry/registry.h"),
                 ("dnsd/serve/udp.cc", "registry/basics.h"), ("registry/store/sqlite_log.cc", "registry/effect.h")]
    return ([f"check_include lets {a} include {b}" for a, b in must_fail if not check_include(a, b)] +
            [f"check_include refuses {a} -> {b}" for a, b in must_pass if check_include(a, b)])


def main() -> int:
    files = tracked()
    rules = [("the check can fail", self_test()), ("links", check_links())]
    rules += [(file, check_file(file)) for file in files]
    failed = 0
    for _, found in rules:
        failed += bool(found)
        for line in found:
            print(f"FAILED: {line}")
    print(f"{len(rules) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
