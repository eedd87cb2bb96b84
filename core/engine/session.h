// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/transformer.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace bwla {

/// Rows of one run that wants all logits (HeadRows::all): they stay within tens of megabytes.
/// Prompts are read in runs of Backend::promptRows().
inline constexpr int chunkTokens = 128;

/// Context of a session nobody asked a length for: the model's, at most 4096.
[[nodiscard]] std::int64_t defaultCapacity(const ModelConfig& config);

/// One conversation's tokens and KV cache on a Transformer. One thread at a time.
class Session {
public:
    /// `capacity` in tokens; `activationBits` 16, 8, 6 or 4 (0 = the weights' own).
    Session(Transformer& model, std::int64_t capacity, int activationBits = 0);

    [[nodiscard]] std::int64_t length() const; ///< tokens in the cache
    [[nodiscard]] std::int64_t capacity() const;
    [[nodiscard]] std::int64_t bytes() const; ///< of the cache
    /// In use; of weights whose groups differ, and which nobody asked for others, their average.
    [[nodiscard]] int activationBits() const;
    /// What it was made with, as Transformer::plan() takes it.
    [[nodiscard]] int askedActivationBits() const { return activationBits_; }
    [[nodiscard]] Transformer& model() const { return model_; }

    /// Throws what feed() of so many more tokens would throw: Error{promptTooLong}.
    void checkRoom(std::int64_t tokens) const;
    /// Appends tokens (prompts in chunks of Backend::promptRows()) and returns the logits after the
    /// last one, valid until the next call. An empty span means `stop` was requested: the session
    /// then holds the chunks that finished. Throws before anything is computed:
    /// Error{promptTooLong}, Error{badArgument} for no tokens at all or an id outside the
    /// vocabulary. `read` hears how many of the tokens are in the cache, after each chunk.
    std::span<const float> feed(std::span<const std::int32_t> tokens, std::stop_token stop = {},
                                const std::function<void(std::int64_t)>& read = {});
    /// What a next token is chosen from: all logits, or the likeliest tokens where the device found
    /// them. Valid until the next call; neither where `stop` was requested.
    struct Next {
        std::span<const float> logits{};
        std::span<const TokenLogit> likeliest{};
        [[nodiscard]] bool stopped() const { return logits.empty() && likeliest.empty(); }
    };
    /// As feed, for who needs only so many of the likeliest tokens; 0 = all.
    Next feedFor(int likeliest, std::span<const std::int32_t> tokens, std::stop_token stop = {},
                 const std::function<void(std::int64_t)>& read = {});
    /// As feed, but hands every row's logits to `rows(firstPosition, values)` chunk by chunk;
    /// values hold (tokens of the chunk) x vocabulary, valid during the call. Returns false when
    /// stopped.
    bool feedAll(std::span<const std::int32_t> tokens,
                 const std::function<void(std::int64_t, std::span<const float>)>& rows,
                 std::stop_token stop = {});
    /// Forgets tokens from position `length` on.
    void rewind(std::int64_t length);
    /// Rewinds to the longest common prefix with `tokens` (at most size - 1, so that feed has a
    /// token to compute) and returns its length.
    std::int64_t reusePrefix(std::span<const std::int32_t> tokens);

private:
    void check(std::span<const std::int32_t> tokens) const;
    /// One run; null when stopped.
    const Plan* runChunk(std::span<const std::int32_t> tokens, HeadRows rows,
                         const std::stop_token& stop, int likeliest = 0);

    Transformer& model_;
    int activationBits_;
    std::unique_ptr<KvCache> cache_;
    std::vector<std::int32_t> tokens_;
};

} // namespace bwla
