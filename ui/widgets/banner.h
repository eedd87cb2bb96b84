// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace bwla::ui {

class Theme;

/// An inline message where it concerns: icon, bold sentence, what to do, buttons. The text can be
/// selected and copied. Errors are shown this way, never in a dialog, and go to the log too.
class Banner : public QFrame {
    Q_OBJECT

public:
    enum class Tone : std::uint8_t { ok, info, warn, bad };

    explicit Banner(Theme& theme, QWidget* parent = nullptr);

    void show(Tone tone, const QString& sentence, const QString& whatToDo = {});
    using QFrame::show;
    QPushButton* addButton(const QString& text);
    void clearButtons();
    [[nodiscard]] QString text() const; ///< both sentences, plain

private:
    void redraw();

    Theme& theme_;
    Tone tone_ = Tone::info;
    QString sentence_, whatToDo_;
    QLabel* icon_;
    QLabel* text_;
    QHBoxLayout* buttons_;
};

} // namespace bwla::ui
