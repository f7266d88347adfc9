#include "models_members.h"

static const struct models_member members[] = {
	{MODELS_FILE, "upstreams", "object", "required", "1 to 64 model servers by their names"},
	{MODELS_FILE, "models", "object", "required",
     "what clients may name, and where it goes; \"*\" is any name that is not there"},

	{MODELS_UPSTREAM, "kind", "\"ollama\", \"openai\", \"anthropic\", \"gemini\" or \"azure\"", "required",
     "which API it speaks; openai is whatever speaks that of OpenAI: vLLM, llama.cpp, many a cloud"},
	{MODELS_UPSTREAM, "base_url", "URL", "required",
     "for ollama the server's root, for others what ends in /v1 or stands in its place; no user, password, query or "
     "fragment"},
	{MODELS_UPSTREAM, "local", "true or false", "false",
     "what is sent there stays in the house; what comes with a key made with --local-only is sent nowhere else"},
	{MODELS_UPSTREAM, "slots", "1 to 65535", "10", "requests at one time"},
	{MODELS_UPSTREAM, "acquire_timeout_ms", "0 to 30000", "250", "ms that a caller may wait for a slot"},
	{MODELS_UPSTREAM, "api_key_file", "absolute path", "",
     "file with its credential, one line of printable ASCII, which proxyd alone reads"},
	{MODELS_UPSTREAM, "ca_file", "absolute path", "",
     "file with the certificates, in PEM, of who vouches for it; without it, whom the system trusts"},
	{MODELS_UPSTREAM, "headers", "object of texts", "",
     "at most 16 headers that are sent with every request; none that frames a body or says who asks"},
	{MODELS_UPSTREAM, "proxy", "URL", "", "HTTP proxy through which it is reached"},
	{MODELS_UPSTREAM, "connect_timeout_ms", "1 to 86400000", "HEIMGATE_CONNECT_TIMEOUT_MS", "ms to connect"},
	{MODELS_UPSTREAM, "first_byte_timeout_ms", "1 to 86400000", "HEIMGATE_FIRST_BYTE_TIMEOUT_MS",
     "ms from a sent request to its answer's first byte"},
	{MODELS_UPSTREAM, "idle_timeout_ms", "1 to 86400000", "HEIMGATE_UPSTREAM_IDLE_TIMEOUT_MS",
     "ms of silence inside an answer"},
	{MODELS_UPSTREAM, "health_interval_ms", "0 to 86400000", "10000",
     "ms of silence after which it is asked how it is; 0: never"},
	{MODELS_UPSTREAM, "health_path", "path", "",
     "what it is then asked for, from the server's root; without it, Ollama for its version and others for their "
     "models; never anything that generates"},
	{MODELS_UPSTREAM, "open_after", "0 to 1000", "5",
     "failures in a row (not reached, no first byte in time, 502, 503, 504) after which it is given no work; 0: never"},
	{MODELS_UPSTREAM, "open_ms", "1 to 3600000", "5000",
     "ms until one request or health check is let through to see how it is; longer each time that fails"},
	{MODELS_UPSTREAM, "warm", "list of names", "", "of ollama: at most 64 models to load at start, and to keep loaded"},

	{MODELS_MODEL, "targets", "list of targets", "required",
     "who shares the load: at most 16, together with the fallbacks, and not all of them draining"},
	{MODELS_MODEL, "fallbacks", "list of targets", "",
     "who is asked, in this order, when a target failed and no other one that shares the load was left"},
	{MODELS_MODEL, "fallback_on", "list of \"connect\", \"timeout\", \"5xx\" and \"429\"", "all of them",
     "for which failures a request goes on elsewhere: not reached or given no work; no first byte in time; the "
     "server's error; the server's limit; never once the answer's first byte went to the client"},
	{MODELS_MODEL, "retries", "0 to 5", "0",
     "how often one target is asked again before that, for the same failures, after 100 ms and more, or what its "
     "Retry-After says up to 10 s"},

	{MODELS_ALIAS, "alias", "name", "required", "the model that this is another name for; it may be an alias itself"},

	{MODELS_TARGET, "upstream", "name", "required", "one of the upstreams"},
	{MODELS_TARGET, "model", "name", "the name asked for", "what the model is called there"},
	{MODELS_TARGET, "weight", "1 to 1000", "1",
     "its share of the load, beside the weights of the others; not of a fallback"},
	{MODELS_TARGET, "drain", "true or false", "false", "it is given nothing new; what is under way there goes on"},
	{MODELS_TARGET, "drop_params", "list of names", "",
     "members that are taken out of JSON bodies; with set_params at most 8, and not model, stream or stream_options"},
	{MODELS_TARGET, "set_params", "object", "",
     "members that are put into JSON bodies, in place of the client's; each at most 4096 bytes"},
};

const struct models_member *models_members(size_t *count)
{
	*count = sizeof(members) / sizeof(*members);
	return members;
}
