// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/tokens.h"

namespace bwla::ui {

const Tokens& darkTokens() {
    static const Tokens tokens{
        .dark = true,
        .bg = "#14171c",
        .rail = "#101318",
        .surface = "#1b1f26",
        .raised = "#252b34",
        .inset = "#15181d",
        .border = "#343c48",
        .control = "#5f6b7c",
        .grid = "#2a313b",
        .text1 = "#e9ecf1",
        .text2 = "#b3bcc9",
        .text3 = "#929dac",
        .accent = "#9aa6ff",
        .accentFill = "#4c5bdc",
        .onAccent = "#ffffff",
        .sel = "#2b3163",
        .ok = {"#4fd1a5", "#15302a", "#2a6b58"},
        .warn = {"#f5c451", "#352c14", "#7a6122"},
        .bad = {"#ff8f85", "#3a1c1c", "#8a3b36"},
        .info = {"#9aa6ff", "#1f2540", "#47529c"},
    };
    return tokens;
}

const Tokens& lightTokens() {
    static const Tokens tokens{
        .dark = false,
        .bg = "#f2f4f7",
        .rail = "#e6e9ee",
        .surface = "#ffffff",
        .raised = "#eceff3",
        .inset = "#f7f8fa",
        .border = "#d0d6de",
        .control = "#7c8797",
        .grid = "#e4e8ed",
        .text1 = "#171b21",
        .text2 = "#434d5b",
        .text3 = "#5b6675",
        .accent = "#3543b8",
        .accentFill = "#4150d0",
        .onAccent = "#ffffff",
        .sel = "#dfe3fb",
        .ok = {"#00704f", "#e2f5ee", "#8ccbb5"},
        .warn = {"#7a5300", "#fff4d6", "#d9b04a"},
        .bad = {"#b3261e", "#fdeceb", "#e0968f"},
        .info = {"#3543b8", "#eceffd", "#aeb6ee"},
    };
    return tokens;
}

SeriesStyle seriesStyle(Series series, const Tokens& tokens) {
    const auto pick = [&](const char* dark, const char* light) {
        return QColor(tokens.dark ? dark : light);
    };
    switch (series) {
    case Series::original:
        return {pick("#d3d9e1", "#2f3742"), 2.0, {}, Marker::square, 0.28};
    case Series::afterOkt:
        return {pick("#4fa8ff", "#1b6fd0"), 2.0, {6, 3}, Marker::triangle, 0.0};
    case Series::afterPsp:
        return {pick("#f0a61e", "#b05a00"), 2.0, {}, Marker::diamond, 0.22};
    case Series::quantized:
        return {pick("#2ad98f", "#00663f"), 2.4, {}, Marker::disc, 1.0};
    case Series::error:
        return {pick("#fa4fa6", "#d6107f"), 2.0, {1.5, 3}, Marker::none, 0.75};
    case Series::other:
        return {pick("#5f6b7c", "#7c8797"), 2.0, {}, Marker::triangle, 1.0};
    case Series::fitted:
        break;
    }
    return {tokens.text1, 1.2, {1.5, 3}, Marker::none, 0.0};
}

} // namespace bwla::ui
