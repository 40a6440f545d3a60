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


def refused(text):
    done = run('check-config', '-', text=text)
    assert done.returncode == 1 and done.stdout == '', done
    return done.stderr


def texts_have_their_form():
    for text, line, key, allowed, got in (
            ('portal:\n  listen: localhost:8640\n', 2, 'portal.listen', '127.0.0.1:8640', 'localhost:8640'),
            ('portal:\n  listen: 127.0.0.1\n', 2, 'portal.listen', 'an address and a port', '127.0.0.1'),
            ('portal:\n  listen: "127.0.0.1:65536"\n', 2, 'portal.listen', 'an address and a port', '127.0.0.1:65536'),
            ('alert:\n  tlp: TLP:AMBR\n', 2, 'alert.tlp', 'one of TLP:RED', 'TLP:AMBR'),
            ('sensors:\n  - name: Tokyo\n    interface: lo\n', 2, 'sensors.name', 'a-z, 0-9 and -', 'Tokyo'),
            ('sensors:\n  - name: t\n    interface: lo\n    country: Japan\n', 4, 'sensors.country', 'two letters', 'Japan'),
            ('honeypots:\n  - name: h\n    listen: [127.0.0.1, 300.1.1.1]\n', 3, 'honeypots.listen', 'addresses', '300.1.1.1')):
        said = refused(text)
        assert f'standard input:{line}: {key}: must be ' in said and allowed in said and f'not "{got}"' in said, said
    assert 'did you mean "TLP:AMBER"?' in refused('alert:\n  tlp: TLP:AMBR\n')


def keys_that_do_not_fit_each_other():
    assert 't has nothing to watch' in refused('sensors:\n  - name: t\n')
    assert 'no source "pcpa"' in refused('sensors:\n  - name: t\n    files: [a]\n    source: pcpa\n')
    assert 'h: vectors: there is no vector "ntpp"' in refused('honeypots:\n  - name: h\n    vectors: [dns, ntpp]\n')
    twice = 'sensors:\n  - name: t\n    interface: lo\nhoneypots:\n  - name: t\n'
    assert 'two sensors or honeypots are called t' in refused(twice)


def what_this_machine_lacks_is_a_warning():
    done = run('check-config', '-', text='sensors:\n  - name: a\n    files: [/none/a.pcap]\n  - name: b\n    interface: none9\n'
               'honeypots:\n  - name: h\n    listen: [192.0.2.1, 127.0.0.1]\nlookup:\n  asn-csv: /none/asn.csv\n  lists: [x=/none/x]\n')
    warned = [line.removeprefix('practice: warning: ') for line in done.stderr.splitlines()]
    assert done.returncode == 0 and warned == [
        'sensors.files: /none/a.pcap: No such file or directory', 'sensors.interface: none9: this machine has no such interface',
        'honeypots.listen: 192.0.2.1: this machine has no such address', 'lookup.asn-csv: /none/asn.csv: No such file or directory',
        'lookup.lists: /none/x: No such file or directory'], done


def a_missing_file_is_the_machines_fault():
    done = run('check-config', '/nonexistent/practice.yaml')
    assert done.returncode == 3 and 'No such file' in done.stderr


def without_a_file():
    with tempfile.TemporaryDirectory() as d:
        done = subprocess.run([practice, 'check-config'], cwd=d, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0


tests = [example_is_right, the_example_in_the_tree_is_todays, the_demonstrations_settings_are_right, every_section_shows,
         mistakes_have_a_place, texts_have_their_form, keys_that_do_not_fit_each_other, what_this_machine_lacks_is_a_warning,
         a_missing_file_is_the_machines_fault,
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
