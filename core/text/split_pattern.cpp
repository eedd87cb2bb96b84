// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/split_pattern.h"

#include "core/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace bwla {
namespace {

template<auto release>
struct Releaser {
    template<class T>
    void operator()(T* object) const {
        release(object);
    }
};
using Code = std::unique_ptr<pcre2_code, Releaser<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Releaser<pcre2_match_data_free>>;

[[noreturn]] void refuse(const std::string& what, int pcreError) {
    std::array<PCRE2_UCHAR, 256> reason{};
    pcre2_get_error_message(pcreError, reason.data(), reason.size());
    throw Error(ErrorCode::unsupportedTokenizer)
        .because(what + ": " + reinterpret_cast<const char*>(reason.data()));
}

/// Tokenizers mean Unicode's White_Space by \s. PCRE2's \s has one character more, U+180E, which
/// was white space until Unicode 6.3, so \s is spelled out.
std::string withUnicodeSpaces(const std::string& pattern) {
    static constexpr const char* spaces = R"(\t-\r\x{85}\p{Z})";
    std::string out;
    bool inClass = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c != '\\' || i + 1 == pattern.size()) {
            inClass = inClass ? c != ']' : c == '[';
            out += c;
            continue;
        }
        const char escaped = pattern[++i];
        if (escaped == 's')
            out += inClass ? spaces : std::string("[") + spaces + "]";
        else if (escaped == 'S' && !inClass)
            out += std::string("[^") + spaces + "]";
        else
            out += {c, escaped};
    }
    return out;
}

/// Matches at or after byte `at` of `text`, never an empty string.
int matchFrom(const pcre2_code* code, std::string_view text, std::size_t at,
              pcre2_match_data* match) {
    const auto attempt = [&](std::uint32_t options) {
        return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                           PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY | options, match, nullptr);
    };
    const int found = attempt(0);
    // Compiled patterns have 32 KiB for backtracking, the interpreter has the heap.
    return found == PCRE2_ERROR_JIT_STACKLIMIT ? attempt(PCRE2_NO_JIT) : found;
}

} // namespace

struct SplitPattern::Impl {
    Code code;
};

SplitPattern::SplitPattern(const std::string& pattern) : impl_(std::make_unique<Impl>()) {
    const std::string exact = withUnicodeSpaces(pattern);
    int error = 0;
    PCRE2_SIZE offset = 0;
    impl_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(exact.data()), exact.size(),
                                    PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
    if (!impl_->code)
        refuse("split pattern " + pattern, error);
    // Fails where memory may not be executable; pcre2_match then interprets.
    pcre2_jit_compile(impl_->code.get(), PCRE2_JIT_COMPLETE);
}

SplitPattern::~SplitPattern() = default;
SplitPattern::SplitPattern(SplitPattern&&) noexcept = default;

std::vector<std::string_view>
SplitPattern::split(const std::vector<std::string_view>& pieces) const {
    const MatchData match(pcre2_match_data_create(1, nullptr));
    std::vector<std::string_view> cuts;
    for (const std::string_view piece : pieces) {
        std::size_t done = 0;
        for (std::size_t at = 0; at < piece.size();) {
            const int found = matchFrom(impl_->code.get(), piece, at, match.get());
            if (found == PCRE2_ERROR_NOMATCH)
                break;
            if (found < 0)
                refuse("split pattern", found);
            const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
            if (range[0] > done)
                cuts.push_back(piece.substr(done, range[0] - done));
            cuts.push_back(piece.substr(range[0], range[1] - range[0]));
            done = at = range[1];
        }
        if (done < piece.size())
            cuts.push_back(piece.substr(done));
    }
    return cuts;
}

} // namespace bwla
