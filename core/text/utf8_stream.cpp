// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/tokenizer.h"
#include "core/text/utf8.h"

namespace bwla {

std::string Utf8Stream::add(std::string_view bytes) {
    pending_ += bytes;
    std::string complete;
    std::size_t at = 0;
    while (at < pending_.size()) {
        const Utf8Char next = firstUtf8Char(std::string_view(pending_).substr(at));
        if (next.state == Utf8Char::State::cut)
            break;
        if (next.state == Utf8Char::State::whole)
            complete.append(pending_, at, next.length);
        else
            complete += replacementCharacter;
        at += next.length;
    }
    pending_.erase(0, at);
    return complete;
}

std::string Utf8Stream::finish() {
    if (pending_.empty())
        return {};
    pending_.clear();
    return std::string(replacementCharacter);
}

} // namespace bwla
