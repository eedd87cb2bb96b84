// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace bwla {
namespace {

std::string withUnit(double value, const std::vector<const char*>& units) {
    std::size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < units.size(); ++unit)
        value /= 1000.0;
    const int digits = unit == 0 || value >= 99.95 ? 0 : 1;
    return format("%.*f%s%s", digits, value, *units[unit] != '\0' ? " " : "", units[unit]);
}

/// Columns that a terminal needs for UTF-8 text: one a code point is enough for our tables.
std::size_t columns(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string padded(const std::string& text, std::size_t width) {
    const std::size_t used = columns(text);
    return text + std::string(width > used ? width - used : 0, ' ');
}

} // namespace

std::string format(const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    va_list again;
    va_copy(again, arguments);
    const int size = std::vsnprintf(nullptr, 0, pattern, arguments);
    va_end(arguments);
    std::string text(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    std::vsnprintf(text.data(), text.size() + 1, pattern, again);
    va_end(again);
    return text;
}

std::string durationText(double seconds) {
    const auto whole = static_cast<long long>(std::llround(seconds));
    if (whole < 60)
        return format("%lld s", whole);
    if (whole < 3600)
        return format("%lld min %lld s", whole / 60, whole % 60);
    return format("%lld h %lld min", whole / 3600, whole % 3600 / 60);
}

std::string bytesText(std::int64_t bytes) {
    return withUnit(static_cast<double>(bytes), {"B", "kB", "MB", "GB", "TB"});
}

std::string countText(std::int64_t count) {
    return withUnit(static_cast<double>(count), {"", "K", "M", "B", "T"});
}

std::string oneLine(std::string_view text) {
    std::string line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return line;
}

std::string markdownTable(const std::vector<std::string>& head,
                          const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> width(head.size());
    for (std::size_t c = 0; c < head.size(); ++c) {
        width[c] = std::max<std::size_t>(columns(head[c]), 3);
        for (const auto& row : rows)
            width[c] = std::max(width[c], columns(row[c]));
    }
    // Appended piece by piece: g++ 12 at -O3 warns wrongly about "x" + string (its bug 105651).
    std::string table = "|";
    const auto appendRow = [&](const std::vector<std::string>& row) {
        for (std::size_t c = 0; c < head.size(); ++c)
            table.append(" ").append(padded(row[c], width[c])).append(" |");
    };
    appendRow(head);
    table.append("\n|");
    for (const std::size_t w : width)
        table.append(" ").append(w, '-').append(" |");
    for (const auto& row : rows) {
        table.append("\n|");
        appendRow(row);
    }
    return table;
}

std::string alignedLines(const std::vector<std::pair<std::string, std::string>>& lines) {
    std::size_t width = 0;
    for (const auto& [name, value] : lines)
        width = std::max(width, columns(name));
    std::string text;
    for (const auto& [name, value] : lines)
        text.append(text.empty() ? "" : "\n")
            .append(padded(name, width))
            .append("  ")
            .append(value);
    return text;
}

} // namespace bwla
