#!/usr/bin/env python3
"""`practice settings` and `practice check-config`: the tables asked from both ends."""
import json
import os
import subprocess
import sys
import tempfile

practice = os.path.abspath(os.environ['PRACTICE'])


def run(*args, text=''):
    return subprocess.run([practice, *args], input=text, capture_output=True, text=True, timeout=30)


def good(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def example_is_right():
    example = good(run('settings', '--example'))
    assert 'lookup:' in example
    assert good(run('check-config', '-', text=example)) == 'standard input: good\n'


def the_example_in_the_tree_is_todays():
    file = os.path.join(os.environ.get('PRACTICE_SOURCE', '.'), 'data/practice.example.yaml')
    if os.path.exists(file):
        with open(file) as f:
            same = f.read() == good(run('settings', '--example'))
        assert same, f'run: practice settings --example > {file}'


def the_demonstrations_settings_are_right():
    file = os.path.join(os.environ.get('PRACTICE_SOURCE', '.'), 'data/demo/demo.yaml')
    assert good(run('check-config', file)) == f'{file}: good\n'


def every_section_shows():
    sections = json.loads(good(run('settings', '--json')))
    assert sections
    for s in sections:
        assert s['about'] and s['items'], s
        shown = good(run('settings', s['section']))
        for item in s['items']:
            assert item['help'] and f"\n  {item['key']}: " in shown, (s['section'], item)


def mistakes_have_a_place():
    with tempfile.TemporaryDirectory() as d:
        name = os.path.join(d, 'x.yaml')
        with open(name, 'w') as f:
            f.write('lookup:\n  list-expiry: 90d\nlokup:\n  label: x\n')
        done = run('check-config', name)
        assert done.returncode == 1 and done.stdout == ''
        assert f'{name}:3: unknown key "lokup"; did you mean "lookup"? allowed here: ' in done.stderr
        answer = json.loads(run('check-config', '--json', name).stdout)
        assert answer['ok'] is False and answer['error'].startswith(name + ':3: ')


def a_missing_file_is_the_machines_fault():
    done = run('check-config', '/nonexistent/practice.yaml')
    assert done.returncode == 3 and 'No such file' in done.stderr


def without_a_file():
    with tempfile.TemporaryDirectory() as d:
        done = subprocess.run([practice, 'check-config'], cwd=d, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0


tests = [example_is_right, the_example_in_the_tree_is_todays, the_demonstrations_settings_are_right, every_section_shows,
         mistakes_have_a_place, a_missing_file_is_the_machines_fault,
         without_a_file]
print(f'1..{len(tests)}')
failed = 0
for i, t in enumerate(tests, 1):
    try:
        t()
        print(f'ok {i} {t.__name__}')
    except Exception as e:  # noqa: BLE001 any failure is one failed test
        failed += 1
        print(f'not ok {i} {t.__name__}\n# {type(e).__name__}: {e}')
sys.exit(failed > 0)
