#!/bin/sh
# sash 3.8 (Debian 12: sash 3.8-5+b28), which some keep as the login shell of root.
# Expected of any login shell that ssh gives a command to: what stands within single quotes arrives as it is.
# Seen: a dollar with parentheses vanishes even there, parentheses and all, while $HOME and back quotes within the same
# quotes arrive untouched. A command that works through every other login shell (sh, bash, dash, zsh, fish, tcsh, ksh)
# loses its substitutions without a word; back quotes are the way around.
# Needs apt-get (Debian 12, amd64).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq sash=3.8-5+b28 2>/dev/null
dpkg -x ./*.deb root
failed=0
check() {
  said=$(root/bin/sash -c "$2")
  echo "$1: $2 -> $said"
  [ "$said" = "$3" ] || failed=1
}
check 'substitution within single quotes' "/bin/echo 'a\$(b)c'" 'ac'
check 'the same for another shell' "/bin/sh -c 'echo \$(echo lost) kept'" 'kept'
check 'variable within single quotes' "/bin/echo 'a \$HOME c'" 'a $HOME c'
check 'back quotes for another shell' "/bin/sh -c 'echo \`echo found\` kept'" 'found kept'
[ "$failed" = 0 ] && echo 'as described' || echo 'DIFFERENT from what is described above'
exit "$failed"
