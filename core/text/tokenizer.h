// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// Byte-level BPE as in GPT-2 and the tokenizers library: special tokens are cut out first, the
/// rest is split by the model's regular expression (PCRE2), each piece is mapped to the byte
/// alphabet and merged by rank. Immutable and thread-safe.
class Tokenizer {
public:
    /// Throws Error{unsupportedTokenizer, corrupt}.
    explicit Tokenizer(TokenizerData data);
    ~Tokenizer();
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;

    /// Ids of UTF-8 text. With `parseSpecial`, text that spells a special token becomes its id
    /// (rendered chat templates); without, it is ordinary text (what users type). No BOS is added.
    /// Throws Error{badText} with the byte offset.
    [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text, bool parseSpecial) const;
    /// Bytes of one token; may end inside a UTF-8 character. Control tokens give "".
    [[nodiscard]] std::string piece(std::int32_t id) const;
    /// Text of a sequence; bytes that are no UTF-8 are kept as they are.
    [[nodiscard]] std::string decode(std::span<const std::int32_t> ids) const;

    [[nodiscard]] std::int64_t vocabulary() const;
    [[nodiscard]] bool endsAnswer(std::int32_t id) const;
    [[nodiscard]] const TokenizerData& data() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Collects token bytes and releases only whole UTF-8 characters, for streaming.
class Utf8Stream {
public:
    /// Returns what became complete by adding `bytes`.
    [[nodiscard]] std::string add(std::string_view bytes);
    /// What is left at the end, broken bytes replaced by U+FFFD.
    [[nodiscard]] std::string finish();

private:
    std::string pending_;
};

} // namespace bwla
