/* Loading models before anybody asks for them: the "warm" lists of models.json. */
#ifndef PROXYD_WARM_H
#define PROXYD_WARM_H

struct routes;

/* Asks each upstream of kind ollama to load its models and to keep them.  How that went is logged. */
void warm_start(struct routes *routes);

#endif
