/* tests/fuzz/fuzz_usage_anthropic.c - answers in Anthropic's two shapes, as a stream and as a body (fuzz_meter.h). */
#include "fuzz_meter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const enum llm_shape shapes[] = {SHAPE_MESSAGES, SHAPE_MESSAGES, SHAPE_MESSAGES, SHAPE_COUNT_TOKENS};
    if (n < 2 || n > 65536)
        return 0;
    return fuzz_answer((struct llm_call){.shape = shapes[data[0] & 3]}, data[0], data[1], fuzz_str(data + 2, n - 2));
}
