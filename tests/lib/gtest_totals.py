"""Sums the XML reports of GoogleTest programs: gtest_totals.py FOLDER CTEST_STATUS.

Prints the failed and skipped tests by name, then `N passed, N failed, N skipped`. A program that died leaves no
report, so ctest's own status counts as one failure where no report shows any.
"""

import pathlib
import sys
import xml.etree.ElementTree


def main() -> int:
    folder, ctest_status = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    passed = failed = skipped = 0
    for report in sorted(folder.glob("*.xml")):
        for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None:
                failed += 1
                print(f"FAILED: {name}")
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                skipped += 1
                note = case.find("skipped")
                print(f"skipped: {name}: {note.get('message', '') if note is not None else 'disabled'}".replace("\n", " "))
            else:
                passed += 1
    if ctest_status and not failed:
        failed = 1
        print("FAILED: a test program ended without a report; see ctest's output above")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
