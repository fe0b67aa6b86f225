#!/bin/sh
# Starts the Alertmanager if both URLs for notifications are set. Without them it would start and accept alerts, but send no
# notifications.
#
#   start.sh OPTION…     options of the Alertmanager
set -eu
secrets=${SECRETS:-/run/secrets}
missing=

# require FILE PURPOSE: checks that FILE contains the URL of an HTTP server.
require() {
    case $(cat "$secrets/$1" 2>/dev/null) in
        */services/none | "") ;;
        http://?* | https://?*) return ;;
    esac
    echo "secrets/$1 does not contain $2. See \"Monitoring and traces\" in deploy/README.md." >&2
    missing=1
}

require slack_webhook_url "the URL of a Slack webhook: alerts would be lost"
require deadman_url "the URL that expects a request every few minutes: a failure of the monitoring itself would go unnoticed"
[ -z "$missing" ] || exit 1
exec "${ALERTMANAGER:-/bin/alertmanager}" "$@"
