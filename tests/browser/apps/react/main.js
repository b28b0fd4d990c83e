import { createElement as h } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter, Link, Navigate, Route, Routes, useSearchParams } from 'react-router'

function Page({ name }) {
  const setQuery = useSearchParams()[1]
  return h('main', { id: name }, h(Filter, { choose: () => setQuery({ colour: 'red' }, { replace: true }) }))
}

function Filter({ choose }) {
  return h('button', { onClick: choose }, 'Red ones only')
}

function App() {
  const links = ['/pricing', '/old'].map((to) => h(Link, { key: to, to }, to))
  const page = (path) => h(Route, { key: path, path, element: h(Page, { name: path.slice(1) || 'home' }) })
  const routes = ['/', '/pricing', '/contact'].map(page)
  const moved = h(Route, { key: 'old', path: '/old', element: h(Navigate, { to: '/contact', replace: true }) })
  return h(BrowserRouter, null, links, h(Routes, null, [...routes, moved]))
}

createRoot(document.getElementById('app')).render(h(App))
