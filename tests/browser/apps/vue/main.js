import { createApp, h } from 'vue'
import { createRouter, createWebHistory, RouterLink, RouterView, useRouter } from 'vue-router'

const makePage = (name) => ({
  setup() {
    const router = useRouter()
    const choose = () => router.replace({ query: { colour: 'red' } })
    return () => h('main', { id: name }, h('button', { onClick: choose }, 'Red ones only'))
  },
})

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', component: makePage('home') },
    { path: '/pricing', component: makePage('pricing') },
    { path: '/contact', component: makePage('contact') },
    { path: '/old', redirect: '/contact' },
  ],
})

const links = ['/pricing', '/old'].map((to) => h(RouterLink, { to }, () => to))
createApp({ render: () => [...links, h(RouterView)] }).use(router).mount('#app')
