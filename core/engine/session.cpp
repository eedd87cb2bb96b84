// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/session.h"

#include "core/error.h"

#include <algorithm>
#include <utility>

namespace bwla {
namespace {

/// Calls `run(chunk)` for each run of up to `most` tokens until one returns false.
template<class Run>
bool inChunks(std::span<const std::int32_t> tokens, int most, const Run& run) {
    const auto step = static_cast<std::size_t>(most);
    for (std::size_t done = 0; done < tokens.size(); done += step)
        if (!run(tokens.subspan(done, std::min(step, tokens.size() - done))))
            return false;
    return true;
}

} // namespace

std::int64_t defaultCapacity(const ModelConfig& config) {
    return std::min<std::int64_t>(config.context, 4096);
}

Session::Session(Transformer& model, std::int64_t capacity, int activationBits)
    : model_(model), activationBits_(activationBits), cache_(model.cache(capacity)) {}

int Session::activationBits() const {
    return activationBits_ == 0 ? model_.activationBits() : activationBits_;
}

std::int64_t Session::length() const {
    return static_cast<std::int64_t>(tokens_.size());
}

std::int64_t Session::capacity() const {
    return cache_->capacity();
}

std::int64_t Session::bytes() const {
    return cache_->bytes();
}

void Session::checkRoom(std::int64_t tokens) const {
    if (length() + tokens > capacity())
        throw Error(ErrorCode::promptTooLong).wanted(capacity()).got(length() + tokens);
}

void Session::check(std::span<const std::int32_t> tokens) const {
    if (tokens.empty())
        throw Error(ErrorCode::badArgument).because("There is no token to start from.");
    checkRoom(static_cast<std::int64_t>(tokens.size()));
    const std::int64_t vocabulary = model_.config().vocabulary;
    for (const std::int32_t token : tokens)
        if (token < 0 || token >= vocabulary)
            throw Error(ErrorCode::badArgument)
                .because("Token " + std::to_string(token) + " is outside the vocabulary of " +
                         std::to_string(vocabulary) + ".");
}

const Plan* Session::runChunk(std::span<const std::int32_t> tokens, HeadRows rows,
                              const std::stop_token& stop, int likeliest) {
    const int most = rows == HeadRows::all ? chunkTokens : model_.backend().promptRows();
    Plan& plan = model_.plan(tokens.size() == 1 ? 1 : most, rows, activationBits_);
    if (!model_.backend().run(plan, {tokens, length(), cache_.get(), likeliest}, stop))
        return nullptr;
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    return &plan;
}

std::span<const float> Session::feed(std::span<const std::int32_t> tokens, std::stop_token stop,
                                     const std::function<void(std::int64_t)>& read) {
    return feedFor(0, tokens, std::move(stop), read).logits;
}

Session::Next Session::feedFor(int likeliest, std::span<const std::int32_t> tokens,
                               std::stop_token stop,
                               const std::function<void(std::int64_t)>& read) {
    check(tokens);
    const Plan* plan = nullptr;
    const std::int64_t before = length();
    const int most = model_.backend().promptRows();
    const bool finished = inChunks(tokens, most, [&](std::span<const std::int32_t> chunk) {
        plan = stop.stop_requested() ? nullptr : runChunk(chunk, HeadRows::last, stop, likeliest);
        if (plan != nullptr && read)
            read(length() - before);
        return plan != nullptr;
    });
    return finished ? Next{plan->logits(), plan->likeliest()} : Next{};
}

bool Session::feedAll(std::span<const std::int32_t> tokens,
                      const std::function<void(std::int64_t, std::span<const float>)>& rows,
                      std::stop_token stop) {
    check(tokens);
    return inChunks(tokens, chunkTokens, [&](std::span<const std::int32_t> chunk) {
        const std::int64_t first = length();
        const Plan* plan = stop.stop_requested() ? nullptr : runChunk(chunk, HeadRows::all, stop);
        if (plan != nullptr)
            rows(first, plan->logits());
        return plan != nullptr;
    });
}

void Session::rewind(std::int64_t length) {
    if (length < this->length())
        tokens_.resize(static_cast<std::size_t>(std::max<std::int64_t>(length, 0)));
}

std::int64_t Session::reusePrefix(std::span<const std::int32_t> tokens) {
    const std::size_t limit = tokens.empty() ? 0 : tokens.size() - 1;
    const auto common = std::mismatch(tokens_.begin(), tokens_.end(), tokens.begin(),
                                      tokens.begin() + static_cast<std::ptrdiff_t>(limit));
    rewind(common.first - tokens_.begin());
    return length();
}

} // namespace bwla
