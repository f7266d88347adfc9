/* Pictures and sounds. */
#ifndef MOCKMODEL_MEDIA_H
#define MOCKMODEL_MEDIA_H

#include "answer.h"

/* From a text; from the parts of a form. */
enum next media_images(struct exchange *x);

enum next media_speech(struct exchange *x);

/* Of the sound in a form, as text: transcribed or translated. */
enum next media_transcription(struct exchange *x);

#endif
