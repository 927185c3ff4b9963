/*
 * proxy/core_checkpoint.c - now and then a signed event says which chain value the record had: whoever rewrites the
 * record later, chain and all, cannot rewrite that without the key.
 *
 * Signing happens outside of the mutex; the event names an earlier frame than itself.
 */
#include "proxy/core_impl.h"

#include "codec/hex.h"
#include "crypto/checkpoint.h"
#include "crypto/sign.h"

#include <stdio.h>

#define CHECKPOINT_FRAMES 1000
#define CHECKPOINT_NS (10 * NS_PER_S)

/* Due after so many frames, or after so long when there is any frame but the last checkpoint itself. */
static bool is_due(const struct core *c, uint64_t last, mono_t now)
{
    if (last - c->checkpoint_seq >= CHECKPOINT_FRAMES)
        return true;
    return last > c->checkpoint_seq + 1 && now - c->checkpoint_at >= CHECKPOINT_NS;
}

static int write_checkpoint(struct core *c, uint64_t seq, const uint8_t chain[CHAIN_BYTES])
{
    char text[CHECKPOINT_TEXT_BYTES], number[24], hex[3][2 * SIGN_BYTES + 2];
    uint8_t signature[SIGN_BYTES], key[SIGN_PUBLIC_BYTES];
    const struct {
        const uint8_t *p;
        size_t n;
    } values[] = {{chain, CHAIN_BYTES}, {key, sizeof key}, {signature, sizeof signature}};
    struct record_member m[] = {{STR("seq"), STR_NONE, false},
                                {STR("chain"), STR_NONE, false},
                                {STR("key"), STR_NONE, false},
                                {STR("signature"), STR_NONE, false}};
    uint64_t own;

    sign(c->checkpoint_key, checkpoint_text(seq, chain, text), signature);
    sign_key_public(c->checkpoint_key, key);
    int n = snprintf(number, sizeof number, "%llu", (unsigned long long)seq);
    m[0].json = (struct str){number, (size_t)n};
    for (size_t i = 0; i < 3; i++) {
        hex[i][0] = '"';
        (void)hex_encode(values[i].p, values[i].n, hex[i] + 1);
        hex[i][1 + 2 * values[i].n] = '"';
        m[i + 1].json = (struct str){hex[i], 2 * values[i].n + 2};
    }
    core_lock(c);
    int r = core_event(c, STR("checkpoint"), STR("daemon"), m, 4, &own);
    core_unlock(c);
    return r;
}

void core_checkpoint(struct core *c)
{
    uint8_t chain[CHAIN_BYTES];
    mono_t now = c->clock->mono(c->clock->ctx);
    if (!c->checkpoint_key || !is_due(c, journal_last_seq(c->journal), now))
        return;
    core_lock(c);
    uint64_t seq = journal_last_seq(c->journal);
    journal_last_chain(c->journal, chain);
    core_unlock(c);
    if (write_checkpoint(c, seq, chain) < 0)
        return; /* a full disk: later */
    c->checkpoint_seq = seq;
    c->checkpoint_at = now;
}

void core_say_stop(struct core *c)
{
    uint64_t seq;
    core_erase_stop(c);
    core_lock(c);
    int r = core_event(c, STR("stop"), STR("daemon"), NULL, 0, &seq);
    core_unlock(c);
    if (r < 0)
        return; /* a full disk: the next start says that there was no stop */
    c->checkpoint_at = c->clock->mono(c->clock->ctx) - CHECKPOINT_NS;
    core_checkpoint(c);
}
