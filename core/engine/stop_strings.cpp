// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/stop_strings.h"

#include <algorithm>
#include <utility>

namespace bwla {
namespace {

/// Length of the longest end of `text` that `string` begins with.
std::size_t overlap(std::string_view text, std::string_view string) {
    for (std::size_t length = std::min(text.size(), string.size() - 1); length > 0; --length)
        if (string.starts_with(text.substr(text.size() - length)))
            return length;
    return 0;
}

} // namespace

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
    std::erase(strings_, "");
}

std::string StopStrings::add(std::string_view text) {
    if (found_)
        return {};
    held_ += text;
    std::size_t end = std::string::npos;
    std::size_t keep = 0;
    for (const std::string& string : strings_) {
        end = std::min(end, held_.find(string));
        keep = std::max(keep, overlap(held_, string));
    }
    found_ = end != std::string::npos;
    std::string shown = held_.substr(0, found_ ? end : held_.size() - keep);
    held_.erase(0, found_ ? held_.size() : shown.size());
    return shown;
}

std::string StopStrings::finish() {
    return std::exchange(held_, {});
}

} // namespace bwla
