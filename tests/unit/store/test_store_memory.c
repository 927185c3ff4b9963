/* store/memory: the reference passes what all stores must pass. */
#include "conformance.h"

#include "store/memory/store_memory.h"

static int make(void *ctx, struct store **ret) { return store_memory_new(ret); }

int main(void)
{
    const struct store_factory f = {"store/memory", make, NULL};
    return conformance_run(&f);
}
