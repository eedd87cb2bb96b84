// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one palette: it feeds QPalette, the style sheet and the plots. Text tokens reach a contrast
// of 4.5:1 on every surface they are used on, borders of controls 3:1.
#pragma once

#include <QColor>
#include <QVector>

#include <cstdint>

namespace bwla::ui {

/// A chip's or banner's three colours.
struct Tone {
    QColor text, back, edge;
};

struct Tokens {
    bool dark = true;
    QColor bg, rail;
    QColor surface, raised, inset;
    QColor border, control, grid;
    QColor text1, text2, text3; ///< text3 never on `sel`
    QColor accent, accentFill, onAccent;
    QColor sel;
    Tone ok, warn, bad, info;
};

[[nodiscard]] const Tokens& darkTokens();
[[nodiscard]] const Tokens& lightTokens();

/// One meaning each, everywhere: plots, chips, legends, table swatches.
enum class Series : std::uint8_t { original, afterOkt, afterPsp, quantized, error, other, fitted };

enum class Marker : std::uint8_t { none, square, triangle, diamond, disc };

/// Colour, line and marker always come together, so nothing is said by colour alone.
struct SeriesStyle {
    QColor colour;
    double width = 2.0;    ///< logical pixels
    QVector<qreal> dashes; ///< in pixels, empty = solid
    Marker marker = Marker::none;
    double fill = 0.0; ///< opacity under the line, 0 = none
};

[[nodiscard]] SeriesStyle seriesStyle(Series series, const Tokens& tokens);

} // namespace bwla::ui
