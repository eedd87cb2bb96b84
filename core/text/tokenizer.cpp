// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/tokenizer.h"

#include "core/error.h"
#include "core/text/byte_alphabet.h"
#include "core/text/byte_pairs.h"
#include "core/text/pre_tokenizer.h"
#include "core/text/special_tokens.h"
#include "core/text/utf8.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace bwla {
namespace {

TokenizerData checked(TokenizerData data) {
    const auto outside = [&](std::int32_t id) {
        return id < 0 || static_cast<std::size_t>(id) >= data.tokens.size();
    };
    for (const auto* ids : {&data.special, &data.control, &data.eos}) {
        const auto bad = std::find_if(ids->begin(), ids->end(), outside);
        if (bad != ids->end())
            throw Error(ErrorCode::corrupt)
                .because("token id " + std::to_string(*bad) + " is outside of the vocabulary of " +
                         std::to_string(data.tokens.size()));
    }
    return data;
}

} // namespace

struct Tokenizer::Impl {
    explicit Impl(TokenizerData given)
        : data(checked(std::move(given))), specials(data), pairs(data, alphabet), splitter(data),
          special(data.special.begin(), data.special.end()),
          control(data.control.begin(), data.control.end()) {}

    void encodeOrdinary(std::string_view text, std::vector<std::int32_t>& ids) const;

    TokenizerData data;
    ByteAlphabet alphabet;
    SpecialTokens specials;
    BytePairs pairs;
    PreTokenizer splitter;
    std::unordered_set<std::int32_t> special, control;
};

void Tokenizer::Impl::encodeOrdinary(std::string_view text, std::vector<std::int32_t>& ids) const {
    struct Range {
        std::size_t begin, end;
    };
    // Words repeat: of WikiText-2's test split, 9 of 10. The first occurrence in `ids` serves as
    // the cache, which therefore needs no lock.
    std::unordered_map<std::string_view, Range> seen;
    for (const std::string_view word : splitter.words(text)) {
        const auto [entry, isNew] = seen.try_emplace(word);
        Range& range = entry->second;
        if (isNew) {
            range.begin = ids.size();
            pairs.encode(word, ids);
            range.end = ids.size();
        } else {
            for (std::size_t i = range.begin; i < range.end; ++i)
                ids.push_back(ids[i]);
        }
    }
}

Tokenizer::Tokenizer(TokenizerData data) : impl_(std::make_unique<Impl>(std::move(data))) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool parseSpecial) const {
    if (const auto bad = firstBadUtf8Byte(text))
        throw Error(ErrorCode::badText).at(*bad);
    std::vector<std::int32_t> ids;
    if (!parseSpecial) {
        impl_->encodeOrdinary(text, ids);
        return ids;
    }
    for (std::size_t at = 0; at < text.size();) {
        const SpecialTokens::Match match = impl_->specials.find(text, at);
        impl_->encodeOrdinary(text.substr(at, match.at - at), ids);
        if (match.length > 0)
            ids.push_back(match.id);
        at = match.at + match.length;
    }
    return ids;
}

std::string Tokenizer::piece(std::int32_t id) const {
    const bool known = id >= 0 && id < vocabulary();
    if (!known || impl_->control.contains(id))
        return {};
    const std::string& token = impl_->data.tokens[id];
    return impl_->special.contains(id) ? token : impl_->alphabet.bytes(token);
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
    std::string text;
    for (const std::int32_t id : ids)
        text += piece(id);
    return text;
}

std::int64_t Tokenizer::vocabulary() const {
    return static_cast<std::int64_t>(impl_->data.tokens.size());
}

bool Tokenizer::endsAnswer(std::int32_t id) const {
    return std::find(impl_->data.eos.begin(), impl_->data.eos.end(), id) != impl_->data.eos.end();
}

const TokenizerData& Tokenizer::data() const {
    return impl_->data;
}

} // namespace bwla
