// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/special_tokens.h"

#include <functional>
#include <set>

namespace bwla {

SpecialTokens::SpecialTokens(const TokenizerData& data) {
    std::set<std::size_t, std::greater<>> lengths;
    for (const std::int32_t id : data.special) {
        const std::string& text = data.tokens.at(id);
        if (text.empty())
            continue;
        ids_.emplace(text, id);
        lengths.insert(text.size());
        starts_[static_cast<unsigned char>(text.front())] = true;
    }
    lengths_.assign(lengths.begin(), lengths.end());
}

SpecialTokens::Match SpecialTokens::find(std::string_view text, std::size_t from) const {
    for (std::size_t at = from; at < text.size(); ++at) {
        if (!starts_[static_cast<unsigned char>(text[at])])
            continue;
        for (const std::size_t length : lengths_) {
            if (length > text.size() - at)
                continue;
            const auto found = ids_.find(text.substr(at, length));
            if (found != ids_.end())
                return {at, length, found->second};
        }
    }
    return {text.size(), 0, -1};
}

} // namespace bwla
