#!/bin/sh
# One night of the project in $1, for cron and systemd: tries again while another run is at work, and says on standard
# output, which cron mails, what somebody has to look at. Nothing is said of a night that went well.
shop=${1:?usage: night.sh FOLDER [DAY]}
day=${2:-$(date +%F)} # the report ends where this day begins
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

tries=0
while :; do
    journeys -C "$shop" run --as-of "$day" --wait 600 --log json >>"$log" 2>&1
    code=$?
    tries=$((tries + 1))
    [ "$code" -eq 75 ] && [ "$tries" -lt 3 ] || break
    sleep "${JOURNEYS_NIGHT_PAUSE:-300}"
done

case $code in
0) exit 0 ;;
3) echo "$shop: a gate stopped the night of $day; the last report stands. See: journeys -C $shop runs show last" ;;
4) echo "$shop: nothing new arrived, or a file is missing; the last report stands." ;;
5) echo "$shop: the report of $day is published, and a condition that you watch holds." ;;
75) echo "$shop: another run was at work all the time; the next night does what is left." ;;
*) echo "$shop: the night of $day failed with exit code $code; run it again, nothing is lost." ;;
esac
tail -n 5 "$log"
exit "$code"
