#!/usr/bin/env python3
"""Help, manual and completion come from the tables, and what they promise is what the commands take."""
import json
import re
import shutil
import subprocess

from tap import Tap, practice

t = Tap()
status, out, _ = practice('version', '--json')
about = json.loads(out)
commands = about['commands']
t.check('version --json names the program and its commands', status == 0 and about['name'] == 'practice' and commands)
t.check('version is the short form of it', practice('version')[1] == f'practice {about["version"]}\n')

_, overview, _ = practice('help')
listed = re.findall(r'^  ([a-z][a-z-]*)  ', overview, re.M)
t.equal('help lists every command once', sorted(listed), sorted(commands))
t.check('help fits into 100 columns', all(len(line) <= 100 for line in overview.splitlines()), overview)
manual = practice('manual')[1].replace('\\-', '-').replace('\\&', '')
bash = practice('completion', 'bash')[1]
zsh = practice('completion', 'zsh')[1]
fish = practice('completion', 'fish')[1]
for c in commands:
    status, text, _ = practice('help', c)
    t.check(f'{c}: help and --help say the same', status == 0 and text == practice(c, '--help')[1], text)
    options = re.findall(r'^  (--[a-z0-9-]+)', text, re.M)
    t.check(f'{c}: has an example', '\nexamples:\n' in text, text)
    part = manual.partition(f'\n.SS practice {c}')[2].partition('\n.SS ')[0]
    t.check(f'{c}: the manual has its options', all(f'.B {o}' in part for o in options), part)
    offered = re.search(rf'^  {c}:\*\) words="([^"]*)"', bash, re.M)
    t.check(f'{c}: bash offers its options', offered and set(options) <= set(offered[1].split()), bash)
    t.check(f'{c}: zsh offers its options', all(f"{o}[" in zsh for o in options), zsh)
    t.check(f'{c}: fish offers its options',
            all(re.search(rf'from {c}\' -l {o[2:]} ', fish) for o in options), fish)
    status, out, err = practice(c, '--no-such-option')
    t.check(f'{c}: an unknown option is one clear line and status 2',
            status == 2 and out == '' and err.count('\n') == 1 and f'practice {c}: no option --no-such-option' in err,
            (status, out, err))

for args, wanted, says in [
    ([], 2, 'usage: practice COMMAND'),
    (['no-such'], 2, 'no command "no-such"'),
    (['help', 'no-such'], 2, 'no command and no settings section "no-such"'),
    (['completion'], 2, 'needs SHELL'),
    (['completion', 'tcsh'], 2, 'is one of bash, zsh, fish'),
    (['version', 'extra'], 2, 'does not know what to do with "extra"'),
]:
    status, out, err = practice(*args)
    t.check(f'{args}: status {wanted}', status == wanted and out == '' and says in err, (status, out, err))
with open('/dev/full', 'w') as full:
    from tap import PRACTICE
    r = subprocess.run([PRACTICE, 'manual'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
t.check('output that cannot be written is status 3', r.returncode == 3 and 'standard output' in r.stderr, r)

r = subprocess.run(['bash', '-n'], input=bash, text=True, capture_output=True, check=False)
t.check('bash reads its completion', r.returncode == 0, r.stderr)
ask = bash + '\nCOMP_WORDS=(practice compl); COMP_CWORD=1; _practice; echo "${COMPREPLY[@]}"' \
    '\nCOMP_WORDS=(practice version --j); COMP_CWORD=2; _practice; echo "${COMPREPLY[@]}"\n'
r = subprocess.run(['bash', '--norc'], input=ask, text=True, capture_output=True, check=False)
t.equal('bash completes a command and an option', r.stdout, 'completion\n--json\n')
if shutil.which('groff'):
    r = subprocess.run(['groff', '-man', '-Tutf8', '-ww', '-P-c'], input=practice('manual')[1], text=True,
                       capture_output=True, check=False)
    t.check('groff has nothing to say about the manual', r.returncode == 0 and r.stderr == '', r.stderr)
t.done()
