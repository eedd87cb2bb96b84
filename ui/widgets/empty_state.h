// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace bwla::ui {

class Theme;

/// A page with nothing to show yet: a drawing, one sentence, what to do next.
class EmptyState : public QWidget {
    Q_OBJECT

public:
    /// `icon`: of resources/icons.
    EmptyState(Theme& theme, const QString& icon, const QString& sentence,
               QWidget* parent = nullptr);
    void setSentence(const QString& sentence);
    QPushButton* addButton(const QString& text);

private:
    QLabel* sentence_;
    QHBoxLayout* buttons_;
};

} // namespace bwla::ui
