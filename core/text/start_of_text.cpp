// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/start_of_text.h"

#include <algorithm>

namespace bwla {

std::int32_t startOfText(const TokenizerData& data) {
    const auto id = std::find(data.tokens.begin(), data.tokens.end(), "<|endoftext|>");
    if (id != data.tokens.end())
        return static_cast<std::int32_t>(id - data.tokens.begin());
    if (data.bos >= 0)
        return data.bos;
    return data.eos.empty() ? 0 : data.eos.front();
}

} // namespace bwla
