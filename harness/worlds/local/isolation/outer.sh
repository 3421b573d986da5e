# The process that the user started, once it has stepped into namespaces: forwards TERM and INT, and ends as the harness ends.
#
#     outer.sh init.sh harness…
#
# If it is killed, PID 1 goes with it (pdeathsig), and everything in the PID namespace with PID 1. A session of its own keeps the keyboard's
# signals from the rest, so that each of them arrives once, by this way. INT travels as USR1: a shell's background jobs are born deaf to INT.
init=
forward() {
  if [ -z "$init" ]; then exit 130; fi
  # Before it has set its traps, PID 1 loses what it is sent.
  while [ ! -e /run/sinbin-init ] && kill -0 "$init" 2>/dev/null; do sleep 0.01; done
  kill -"$1" "$init" 2>/dev/null
}
trap 'forward TERM' TERM HUP
trap 'forward USR1' INT

exec 3<&0
setpriv --pdeathsig KILL -- setsid sh "$@" <&3 3<&- &
init=$!
exec 3<&-

while :; do
  wait "$init"
  status=$?
  kill -0 "$init" 2>/dev/null || exit "$status"
done
