#!/usr/bin/env bash
# Bash splits words at '@' for a completion function, and then replaces the '@' that it split off.
#
# A function of `complete -F` is given the words of the line in COMP_WORDS, split at the characters of
# COMP_WORDBREAKS, and its reply takes the place of the last one. The usual guess, which holds for '='
# and ':': a reply is the rest of the word behind the last such character. For '@' it does not hold:
# the function is given what follows the '@', and the reply takes the place of the '@', too. So a
# value such as `-d @file`, completed like `--name=file`, loses its '@'.
#
# Needs python3, for a terminal. Seen with bash 5.2.15:
#
#   typed 'show a=fo' and Tab: given 'fo', the line is 'show a=found'
#   typed 'show a:fo' and Tab: given 'fo', the line is 'show a:found'
#   typed 'show a@fo' and Tab: given 'fo', the line is 'show afound'
#
# Exits with 0 as long as that is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
cat >init <<'SH'
PS1='>> '
bind 'set enable-bracketed-paste off'
show() { printf '[%s %s]\n' "$given" "$*"; }
_show() { given=${COMP_WORDS[COMP_CWORD]}; COMPREPLY=(found); }
complete -F _show show
SH
cat >type.py <<'PY'
import os, pty, re
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--noprofile", "--rcfile", "init", "-i"])
lines = []
shown = b""
for sign in "=:@":
    while not shown.endswith(b">> "):
        shown += os.read(terminal, 4096)
    os.write(terminal, f"show a{sign}fo\t\n".encode())
    while len(seen := re.findall(rb"\n\[(\S+) (\S+)\]", shown)) == len(lines):
        shown += os.read(terminal, 4096)
    lines.append((sign, *(word.decode() for word in seen[-1])))
os.write(terminal, b"exit\n")
os.waitpid(pid, 0)
for sign, given, line in lines:
    print(f"typed 'show a{sign}fo' and Tab: given '{given}', the line is 'show {line}'")
PY
bash --version | head -n 1
timeout 20 python3 type.py | tee seen
diff seen - <<'SEEN'
typed 'show a=fo' and Tab: given 'fo', the line is 'show a=found'
typed 'show a:fo' and Tab: given 'fo', the line is 'show a:found'
typed 'show a@fo' and Tab: given 'fo', the line is 'show afound'
SEEN
