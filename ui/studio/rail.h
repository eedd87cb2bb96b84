// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

class QToolButton;
class QVBoxLayout;
class QLabel;

namespace bwla::ui {

class Theme;

/// The left edge: mark, one button a page, appearance and help at the bottom. The page in front is
/// shown by fill, bar and weight, so not by colour alone.
class Rail : public QWidget {
    Q_OBJECT

public:
    explicit Rail(Theme& theme, QWidget* parent = nullptr);
    void addPage(const QString& title, const QString& icon);
    QToolButton* addTool(const QString& title, const QString& icon);
    void setCurrent(int index);
    /// Icons only, where the window is narrow.
    void setCompact(bool compact);

Q_SIGNALS:
    void pageChosen(int index);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QToolButton* makeButton(const QString& title, const QString& icon);
    void fit(QToolButton& button) const;
    void redraw();

    Theme& theme_;
    QLabel* mark_;
    QVBoxLayout* top_;
    QVBoxLayout* bottom_;
    QList<QToolButton*> pages_, all_;
    int current_ = -1;
    bool compact_ = false;
};

} // namespace bwla::ui
