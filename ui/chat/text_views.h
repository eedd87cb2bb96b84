// SPDX-License-Identifier: GPL-3.0-or-later
//
// What an answer's blocks are drawn with: read-only texts as high as what they hold.
#pragma once

#include <QFrame>
#include <QTextEdit>

class QLabel;
class QToolButton;

namespace bwla::ui {

class CodeHighlighter;
class Theme;

/// The theme's fixed font, every character as it is: no ligatures, which make one sign of "<|".
[[nodiscard]] QFont literalFont(const Theme& theme);

class FlatText : public QTextEdit {
    Q_OBJECT

public:
    explicit FlatText(QWidget* parent = nullptr);
    void fitHeight();

protected:
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
};

/// Code with its language and a copy button.
class CodeView : public QFrame {
    Q_OBJECT

public:
    CodeView(Theme& theme, const QString& language, QWidget* parent = nullptr);
    void setCode(const QString& code);
    [[nodiscard]] FlatText* edit() const { return edit_; }
    void copy() const;

private:
    void restyle();

    Theme& theme_;
    QString code_;
    FlatText* edit_;
    QToolButton* copy_;
    CodeHighlighter* highlighter_;
};

} // namespace bwla::ui
