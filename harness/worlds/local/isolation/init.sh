# PID 1 of the namespace: makes it habitable, runs the harness, forwards signals to it, reaps orphans (any wait does), ends as it ends.
harness=
forward() {
  if [ -z "$harness" ]; then exit 130; fi
  kill -"$1" "$harness" 2>/dev/null
}
trap 'forward TERM' TERM
trap 'forward INT' USR1

set -e
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
ip link set lo up
set +e
: >/run/sinbin-init

exec 3<&0
"$@" <&3 3<&- &
harness=$!
exec 3<&-

while :; do
  # Quietly: the shell has a word to say on children that die by a signal.
  wait "$harness" 2>/dev/null
  status=$?
  # Interrupted before it had its handlers.
  if [ "$status" -eq 143 ]; then status=130; fi
  kill -0 "$harness" 2>/dev/null || exit "$status"
done
