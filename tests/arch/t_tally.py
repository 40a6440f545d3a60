#!/usr/bin/env python3
"""The closing line: what meson's junit log forgets must not make a broken tree green."""
import json

from arch import Scratch, done, ok, tool

GOOD = ('practice.practice:unit / good', '<testcase name="1 - a"/><testcase name="2 - b"/>',
        {'name': 'practice:unit / good', 'result': 'OK', 'stdout': 'ok 1 - a\nok 2 - b\n1..2\n'})
SKIPPED = ('practice', '<testcase name="practice:net / veth"><skipped/></testcase>',
           {'name': 'practice:net / veth', 'result': 'SKIP', 'stdout': '1..0 # SKIP no network namespaces here\n'})
CASES = [
    ('good tests', [GOOD], 0, 'tests: 2 passed, 0 failed, 0 skipped'),
    ('a skip with its reason', [GOOD, SKIPPED], 0, 'tests: 2 passed, 0 failed, 1 skipped'),
    ('only skips prove nothing', [SKIPPED], 1, 'tests: 0 passed, 0 failed, 1 skipped'),
    ('a failing subtest counts once', [GOOD, (
        'practice.practice:unit / bad', '<testcase name="1 - a"/><testcase name="2 - b"><failure/></testcase>',
        {'name': 'practice:unit / bad', 'result': 'ERROR', 'stdout': 'ok 1 - a\nnot ok 2 - b\n'})],
     1, 'tests: 3 passed, 1 failed, 0 skipped'),
    ('a program that died after good subtests', [GOOD, (
        'practice.practice:unit / died', '<testcase name="1 - a"/>',
        {'name': 'practice:unit / died', 'result': 'ERROR', 'stdout': 'ok 1 - a\n'})],
     1, 'tests: 3 passed, 1 failed, 0 skipped'),
    ('a test that ran out of time', [GOOD, (
        'practice', '<testcase name="practice:fuzz / slow"/>',
        {'name': 'practice:fuzz / slow', 'result': 'TIMEOUT', 'stdout': ''})],
     1, 'tests: 2 passed, 1 failed, 0 skipped'),
    ('a skip without a reason', [GOOD, (
        'practice', '<testcase name="practice:cli / silent"><skipped/></testcase>',
        {'name': 'practice:cli / silent', 'result': 'SKIP', 'stdout': ''})],
     1, 'tests: 2 passed, 1 failed, 0 skipped'),
]


def logs(tests, folder='build'):
    suites = ''.join(f'<testsuite name="{name}">{cases}</testsuite>' for name, cases, _ in tests)
    return {f'{folder}/meson-logs/testlog.junit.xml': f'<testsuites>{suites}</testsuites>',
            f'{folder}/meson-logs/testlog.json': ''.join(json.dumps(t) + '\n' for _, _, t in tests)}


for name, tests, wanted, last in CASES:
    status, out = tool('tally.py', Scratch(logs(tests)).path / 'build')
    ok(status == wanted and out.splitlines()[-1] == last, name, out)
two = Scratch({**logs([GOOD]), **logs([GOOD, SKIPPED], 'build-san')}).path
status, out = tool('tally.py', two / 'build', two / 'build-san')
ok(status == 0 and out.splitlines()[-1] == 'tests: 4 passed, 0 failed, 1 skipped', 'two folders are added up', out)
status, out = tool('tally.py', two / 'build', two / 'nothing')
ok(status == 1 and out.splitlines()[-1] == 'tests: 2 passed, 1 failed, 0 skipped', 'a missing log is a failure', out)
torn = Scratch({**logs([GOOD]), 'build/meson-logs/testlog.junit.xml': '<testsuites>'}).path
status, out = tool('tally.py', torn / 'build')
ok(status == 1 and 'tests: 0 passed, 1 failed' in out, 'a log that was cut off is a failure', out)
done()
