// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/theme/tokens.h"

#include <QFont>
#include <QIcon>
#include <QObject>
#include <QString>

namespace bwla::ui {

/// Roles of text; sizes derive from the application font (design: ui reference, "Type").
enum class TextRole : std::uint8_t {
    pageTitle, ///< base x 1.5, semibold
    bigNumber, ///< base x 1.8, semibold, tabular
    name,      ///< base x 1.1, semibold: preset or model
    cardTitle, ///< base, semibold
    body,      ///< base
    caption,   ///< base x 0.9
    fixed,     ///< base x 0.9, fixed width: commands, log, code
    tick,      ///< base x 0.8: plot tick labels
};

/// Colours, fonts, icons of the window. One object, made by the program and handed to whoever
/// draws; `changed` follows a change of mode, system scheme or font size. Window thread only.
class Theme : public QObject {
    Q_OBJECT

public:
    enum class Mode : std::uint8_t { system, dark, light };

    /// Sets Fusion, palette, font and style sheet of the application.
    explicit Theme(QObject* parent = nullptr);

    void setMode(Mode mode);
    [[nodiscard]] Mode mode() const { return mode_; }
    /// Points of body text, 8 to 18.
    void setPointSize(int points);
    [[nodiscard]] int pointSize() const { return pointSize_; }
    void setReducedMotion(bool reduced) { reducedMotion_ = reduced; }
    [[nodiscard]] bool reducedMotion() const { return reducedMotion_; }

    [[nodiscard]] const Tokens& tokens() const;
    [[nodiscard]] QFont font(TextRole role) const;
    /// Logical pixels of a width that holds words, from its pixels at 10-point text.
    [[nodiscard]] int scaled(int pixels) const { return pixels * pointSize_ / 10; }
    /// resources/icons/NAME.svg in a colour (default text2; disabled state in text3).
    [[nodiscard]] QIcon icon(const QString& name, QColor colour = {}) const;

Q_SIGNALS:
    void changed();

private:
    void apply();

    Mode mode_ = Mode::system;
    int pointSize_ = 10;
    bool reducedMotion_ = false;
};

} // namespace bwla::ui
