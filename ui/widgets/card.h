// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QLabel>
#include <QVBoxLayout>

class QHBoxLayout;
class QToolButton;

namespace bwla::ui {

/// A titled surface: title, grey detail beside it, small tools at the right, then body().
class Card : public QFrame {
    Q_OBJECT

public:
    explicit Card(const QString& title = {}, QWidget* parent = nullptr);

    void setTitle(const QString& title);
    void setDetail(const QString& detail);
    /// A 24-px button in the title row. `description` is its accessible name and tool tip.
    QToolButton* addTool(const QIcon& icon, const QString& description);
    void addTool(QWidget* widget);
    [[nodiscard]] QVBoxLayout* body() const { return body_; }

private:
    QLabel* title_;
    QLabel* detail_;
    QHBoxLayout* titleRow_;
    QVBoxLayout* body_;
};

/// A label with a text role of the style sheet (style_sheet.h).
[[nodiscard]] QLabel* label(const QString& text, const char* role = nullptr);

} // namespace bwla::ui
