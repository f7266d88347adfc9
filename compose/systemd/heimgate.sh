#!/bin/sh
# heimgate for people: speaks to the installed daemons, unless the environment says where others are.
# `heimgate up` starts daemons of its own, and those of the system are none of its business.
set -eu
if [ "${1-}" != up ] && [ -z "${HEIMGATE_STATE-}${HEIMGATE_RUN-}" ]; then
	export HEIMGATE_STATE=/var/lib/heimgate HEIMGATE_RUN=/run/heimgate
	export HEIMGATE_MODELS="${HEIMGATE_MODELS-/etc/heimgate/models.json}"
fi
exec /usr/local/libexec/heimgate/heimgate "$@"
