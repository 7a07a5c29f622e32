/* signature.h: choosing the signature to serve, and its tensors in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_TENSORFLOW_SIGNATURE_H
#define CLARY_FORMAT_TENSORFLOW_SIGNATURE_H

#include "format/tensorflow/graph.h"

/* The MetaGraph tagged "serve" and nothing else, or else the first that has
 * that tag among others. Errors: CLARY_BAD_MODEL names the tags found. */
enum clary_status clary_metagraph_choose(const Clary__Tf__SavedModel *model,
                                         const Clary__Tf__MetaGraph **out,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* "serving_default", or else the only one that is no part of SavedModel's own
 * machinery. Errors: CLARY_BAD_MODEL names those found. */
enum clary_status clary_signature_choose(const Clary__Tf__MetaGraph *metagraph,
                                         const Clary__Tf__SignatureEntry **out,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* Sorts a signature's tensors by name, runs of digits by their number
 * (keras_tensor_9 before keras_tensor_10): the order of a map is not kept on
 * the wire, so this is the order of CSV columns and of outputs. */
void clary_signature_sort(Clary__Tf__TensorInfoEntry **entries, size_t n);

#endif
